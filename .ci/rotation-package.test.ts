import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fillIn, openDocument } from '../packages/testing/lab/src/documents/document-blocks.ts';

const root = resolve(import.meta.dirname, '..');
const description = openDocument('docs/examples/process-pool/README.md', import.meta.filename);
const tsc = join(root, 'node_modules/.bin/tsc');
const run = promisify(execFile);
/** What the example's description has its readers run. */
const [setUp = '', start] = description.take('Run it', 'sh').split(/^(?=npm start)/m);

let directory: string;
let outside: string;

/** What an importing team does, by the example's description, with no registry. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rotation-package-'));
  outside = join(directory, 'process-pool');
  await run(tsc, ['-b', 'packages/core/rotation'], { cwd: root });
  const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const commands = fillIn(setUp, {
    '/tmp': directory,
    [`npx --yes ${packageManager}`]: `npx --yes --prefer-offline ${packageManager}`,
    'npm install': `npm install --offline --no-audit --no-fund --cache ${join(directory, 'cache')}`,
  });
  await run('sh', ['-ec', commands], { cwd: root });
}, 120_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

const installed = (name: string) => join(outside, 'node_modules/@vault-swarm', name);

test.each(['kernel', 'provider', 'rotation'])(
  'the package of %s has all that it leads to, and needs no workspace',
  async (name) => {
    const text = await readFile(join(installed(name), 'package.json'), 'utf8');
    expect(text).not.toContain('workspace:');
    const { '.': entry } = JSON.parse(text).exports;
    for (const file of [entry.types, entry.default]) await readFile(join(installed(name), file));
  },
);

test('the package of rotation needs nothing but those of provider and kernel', async () => {
  expect(await readdir(join(outside, 'node_modules/@vault-swarm'))).toEqual(['kernel', 'provider', 'rotation']);
  const names = await readdir(join(outside, 'node_modules'));
  expect(names.filter((name) => !name.startsWith('.'))).toEqual(['@vault-swarm']);
});

test('the example fits the types of the packages, which are themselves in order', { timeout: 120_000 }, async () => {
  await mkdir(join(outside, 'node_modules/@types'));
  const types = await realpath(join(root, 'node_modules/@types/node'));
  await symlink(types, join(outside, 'node_modules/@types/node'));
  const { stdout } = await run(tsc, ['--project', outside]).catch((error: { readonly stdout: string }) => error);
  expect(stdout).toBe('');
});

test('the example runs until every worker has the new key, and ends by itself', { timeout: 60_000 }, async () => {
  const { stdout, stderr } = await run('sh', ['-ec', start ?? ''], { cwd: outside, timeout: 45_000 });
  expect(stderr).toBe('');
  const lines = stdout.split('\n').map((line) => line.replace(/^ *\d+\.\d{3} s {2}/, ''));
  const after = lines.slice(lines.indexOf('the API key is changed'));
  expect(after).toEqual(
    expect.arrayContaining([
      'rotation: api-key has revision 2 now',
      'rotation: web is started again for api-key',
      'rotation: mailer is started again for api-key',
      expect.stringMatching(/^rotation: web is done, \d+ ms after the change was seen$/),
      expect.stringMatching(/^rotation: mailer is done, \d+ ms after the change was seen$/),
      'all 5 workers have the new key',
    ]),
  );
  expect(after.filter((line) => line.includes('is started again'))).toHaveLength(2);
  expect(stdout).not.toMatch(/the (first|second) key/);
  expect(description.left()).toEqual([]);
});
