import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { published } from './published-packages.ts';

const root = resolve(import.meta.dirname, '..');
const run = promisify(execFile);
let clone: string;

/** Runs a program in the clone; resolves to what it wrote. */
const inClone = async (...[command = '', ...args]: readonly string[]) => {
  const { stdout, stderr } = await run(command, args, { cwd: clone });
  return stdout + stderr;
};
const read = (file: string) => readFile(join(clone, file), 'utf8');
const versionOf = async (directory: string): Promise<string> =>
  JSON.parse(await read(join(directory, 'package.json'))).version;

/** A clone as its maintainer has it, with a branch `main`: what CI has of the history may be a single commit without any. */
beforeAll(async () => {
  clone = await mkdtemp(join(tmpdir(), 'release-'));
  const isMade = /(^|\/)(node_modules|dist|\.git|\.cache)$|\.tsbuildinfo$/;
  await cp(root, clone, { recursive: true, filter: (path) => !isMade.test(path) });
  await symlink(join(root, 'node_modules'), join(clone, 'node_modules'));
  await inClone('git', 'init', '--quiet', '--initial-branch=main');
  await inClone('git', 'add', '--all');
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@localhost'];
  await inClone('git', ...identity, 'commit', '--quiet', '--message=everything');
}, 60_000);
afterAll(() => rm(clone, { recursive: true, force: true }));

test('`changeset status` understands every changeset', async () => {
  expect(await inClone('changeset', 'status')).not.toContain('rror');
});

test('`npm run release:version` gives all packages one version, which the image and the examples have too', async () => {
  const before = await versionOf('apps/plugin');
  await writeFile(
    join(clone, '.changeset/of-the-test.md'),
    "---\n'@vault-swarm/provider': minor\n---\n\nSomething new.\n",
  );
  await inClone('npm', 'run', 'release:version');
  const now = await versionOf('apps/plugin');
  expect(now).not.toBe(before);
  const directories = ['.', 'apps/cli', 'docker/plugin', ...published.map((path) => `packages/${path}`)];
  expect(await Promise.all(directories.map(versionOf))).toEqual(directories.map(() => now));
  expect(await read('CHANGELOG.md')).toContain(`## ${now}\n`);
  expect(await read('packages/core/provider/CHANGELOG.md')).toMatch(new RegExp(`## ${now}[^]*Something new\\.`));
  expect((await readdir(join(clone, '.changeset'))).sort()).toEqual(['README.md', 'config.json']);

  for (const file of ['docker/stack.yml', 'docker/Dockerfile', 'docs/guides/install.md', 'examples/aws/plugin.yml']) {
    expect(await read(file)).toContain(`vault-swarm-plugin:${now}`);
    expect(await read(file)).not.toContain(`vault-swarm-plugin:${before}`);
  }
  expect(await read('docs/examples/provider-adapter/package.json')).toContain(`"@vault-swarm/provider": "${now}"`);
});
