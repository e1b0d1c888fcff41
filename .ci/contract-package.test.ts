import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fillIn, openDocument } from '../packages/testing/lab/src/documents/document-blocks.ts';

const root = resolve(import.meta.dirname, '..');
const tsc = join(root, 'node_modules/.bin/tsc');
const run = promisify(execFile);
const description = openDocument('docs/examples/provider-adapter/README.md', import.meta.filename);
/** What the example's description has its readers run. */
const [pack = '', install = '', contractTest = ''] = description
  .take('Run it', 'sh')
  .split(/^(?=npm (?:install|test))/m)
  .map((commands) => commands.trim());

/** As vitest writes it. */
interface Report {
  readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
}

let directory: string;
let outside: string;

/** What an adapter's author does, by the example's description, with no registry. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'contract-package-'));
  outside = join(directory, 'provider-adapter');
  await run(tsc, ['-b', 'packages/testing/provider-contract'], { cwd: root });
  const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const names = { '/tmp': directory, [`npx --yes ${packageManager}`]: `npx --yes --prefer-offline ${packageManager}` };
  await run('sh', ['-ec', fillIn(pack, names)], { cwd: root });
  // vitest is there already, and stands for what a registry would give.
  const own = JSON.parse(await readFile(join(outside, 'package.json'), 'utf8'));
  await writeFile(join(outside, 'package.json'), JSON.stringify({ ...own, dependencies: {}, devDependencies: {} }));
  const offline = `--offline --legacy-peer-deps --no-audit --no-fund --cache ${join(directory, 'cache')}`;
  const commands = fillIn(install, { '/tmp': directory, 'npm install': `npm install ${offline}` });
  await run('sh', ['-ec', commands], { cwd: outside });
  await mkdir(join(outside, 'node_modules/@types'), { recursive: true });
  for (const name of ['vitest', '@types/node']) {
    await symlink(await realpath(join(root, 'node_modules', name)), join(outside, 'node_modules', name));
  }
}, 120_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

test('the package of the contract brings the ports, and nothing else', async () => {
  expect(await readdir(join(outside, 'node_modules/@vault-swarm'))).toEqual([
    'kernel',
    'provider',
    'provider-contract',
  ]);
  const text = await readFile(join(outside, 'node_modules/@vault-swarm/provider-contract/package.json'), 'utf8');
  expect(text).not.toContain('workspace:');
});

test('the example fits the types of the packages', { timeout: 120_000 }, async () => {
  const { stdout } = await run(tsc, ['--project', outside]).catch((error: { readonly stdout: string }) => error);
  expect(stdout).toBe('');
});

test('an adapter outside of the workspace passes the contract, and one that is wrong fails it', async () => {
  const report = join(directory, 'report.json');
  const contract = async () => {
    const command = `${contractTest} -- --reporter=json --outputFile=${report}`;
    const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}` };
    await run('sh', ['-ec', command], { cwd: outside, env, timeout: 90_000 }).catch(() => undefined);
    const { numPassedTests, testResults } = JSON.parse(await readFile(report, 'utf8'));
    const results = (testResults as Report[]).flatMap(({ assertionResults }) => assertionResults);
    const failed = results.filter(({ status }) => status !== 'passed');
    return { passed: numPassedTests as number, failed: failed.map(({ title }) => title) };
  };
  const right = await contract();
  expect(right.failed).toEqual([]);
  expect(right.passed).toBeGreaterThan(45);
  expect(description.left()).toEqual([]);
  const adapter = join(outside, 'adapter.ts');
  const code = await readFile(adapter, 'utf8');
  await writeFile(adapter, code.replace("401: 'UNAUTHENTICATED'", "401: 'ACCESS_DENIED'"));
  expect((await contract()).failed).toEqual(['fails with UNAUTHENTICATED if its login is rejected']);
}, 200_000);
