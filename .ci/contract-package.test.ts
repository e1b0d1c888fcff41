import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const tsc = join(root, 'node_modules/.bin/tsc');
const run = promisify(execFile);

/** As vitest writes it. */
interface Report {
  readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
}

let folder: string;
let outside: string;

/** What an adapter's author does, outside of the workspace: the two tarballs, vitest, and no registry. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'contract-package-'));
  outside = join(folder, 'example');
  await run(tsc, ['-b', 'packages/testing/provider-contract'], { cwd: root });
  const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const to = ['--pm-on-fail=ignore', '--pack-destination', folder];
  for (const name of ['core/provider', 'testing/provider-contract']) {
    const pack = ['--yes', '--prefer-offline', packageManager, 'pack', ...to];
    await run('npx', pack, { cwd: join(root, 'packages', name) });
  }
  const tarballs = (await readdir(folder)).filter((name) => name.endsWith('.tgz')).map((name) => join(folder, name));
  await cp(join(root, 'docs/examples/provider-adapter'), outside, { recursive: true });
  // vitest is there already, and stands for what a registry would give.
  const own = JSON.parse(await readFile(join(outside, 'package.json'), 'utf8'));
  await writeFile(join(outside, 'package.json'), JSON.stringify({ ...own, dependencies: {}, devDependencies: {} }));
  const offline = ['--offline', '--legacy-peer-deps', '--no-audit', '--no-fund', '--cache', join(folder, 'cache')];
  await run('npm', ['install', ...offline, ...tarballs], { cwd: outside });
  await mkdir(join(outside, 'node_modules/@types'), { recursive: true });
  for (const name of ['vitest', '@types/node']) {
    await symlink(await realpath(join(root, 'node_modules', name)), join(outside, 'node_modules', name));
  }
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the package of the contract brings the ports, and nothing else', async () => {
  expect(await readdir(join(outside, 'node_modules/@vault-swarm'))).toEqual(['provider', 'provider-contract']);
  const text = await readFile(join(outside, 'node_modules/@vault-swarm/provider-contract/package.json'), 'utf8');
  expect(text).not.toContain('workspace:');
});

test('the example fits the types of the packages', { timeout: 120_000 }, async () => {
  const { stdout } = await run(tsc, ['--project', outside]).catch((error: { readonly stdout: string }) => error);
  expect(stdout).toBe('');
});

test('an adapter outside of the workspace passes the contract, and one that is wrong fails it', async () => {
  const vitest = join(outside, 'node_modules/vitest/vitest.mjs');
  const report = join(folder, 'report.json');
  const contract = async () => {
    const args = [vitest, 'run', '--root', outside, '--reporter=json', `--outputFile=${report}`];
    await run('node', args, { cwd: outside, timeout: 90_000 }).catch(() => undefined);
    const { numPassedTests, testResults } = JSON.parse(await readFile(report, 'utf8'));
    const results = (testResults as Report[]).flatMap(({ assertionResults }) => assertionResults);
    const failed = results.filter(({ status }) => status !== 'passed');
    return { passed: numPassedTests as number, failed: failed.map(({ title }) => title) };
  };
  const right = await contract();
  expect(right.failed).toEqual([]);
  expect(right.passed).toBeGreaterThan(45);
  const adapter = join(outside, 'adapter.ts');
  const code = await readFile(adapter, 'utf8');
  await writeFile(adapter, code.replace("401: 'UNAUTHENTICATED'", "401: 'ACCESS_DENIED'"));
  expect((await contract()).failed).toEqual(['answers UNAUTHENTICATED where its login is refused']);
}, 200_000);
