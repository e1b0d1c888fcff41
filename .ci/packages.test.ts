import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDocument } from '../packages/testing/lab/src/documents/document-blocks.ts';
import { published } from './published-packages.ts';

const root = resolve(import.meta.dirname, '..');
const tsc = join(root, 'node_modules/.bin/tsc');
const run = promisify(execFile);

const nameOf = (directory: string) => directory.replace(/^.*\//, '');

let directory: string;
let outside: string;

/** Packs every package, and unpacks it in a directory that knows no workspace, beside what it depends on. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'packages-'));
  outside = join(directory, 'outside');
  await run(tsc, ['-b'], { cwd: root });
  const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const filters = published.flatMap((path) => ['--filter', `./packages/${path}`]);
  const pack = ['pack', '--pm-on-fail=ignore', '--pack-destination', directory];
  await run('npx', ['--yes', '--prefer-offline', packageManager, '--recursive', ...filters, ...pack], { cwd: root });
  await mkdir(join(outside, 'node_modules/@types'), { recursive: true });
  for (const path of published) await install(path);
  await symlink(await realpath(join(root, 'node_modules/@types/node')), join(outside, 'node_modules/@types/node'));
  await writeFile(join(outside, 'package.json'), '{ "private": true, "type": "module" }');
  await cp(join(root, 'docs/examples/process-pool/tsconfig.json'), join(outside, 'tsconfig.json'));
}, 240_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

const installed = (path: string, file: string) => join(outside, 'node_modules/@vault-swarm', nameOf(path), file);

async function install(path: string): Promise<void> {
  const target = installed(path, '');
  await mkdir(target, { recursive: true });
  await run('tar', ['-xzf', await tarballOf(path), '-C', target, '--strip-components=1']);
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(await readFile(join(target, 'package.json'), 'utf8'));
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    const link = join(outside, 'node_modules', name);
    if (name.startsWith('@vault-swarm/') || existsSync(link)) continue;
    await mkdir(dirname(link), { recursive: true });
    await symlink(await realpath(join(root, 'packages', path, 'node_modules', name)), link);
  }
}

async function tarballOf(path: string): Promise<string> {
  const file = (await readdir(directory)).find((name) => name.startsWith(`vault-swarm-${nameOf(path)}-0`));
  return join(directory, file ?? 'missing');
}

/** The READMEs with a program, which is the first block below the title. */
const described = published.filter((path) => path !== 'core/rotation');
const readmes = described.map((path) => openDocument(`packages/${path}/README.md`, import.meta.filename));
const programs = new Map(
  described.map((path, index) => [path, readmes[index]?.take(`@vault-swarm/${nameOf(path)}`, 'ts') ?? '']),
);
const programOf = (path: string) => programs.get(path) ?? '';

/** What a README says that its program prints. */
async function outputOf(path: string): Promise<string | undefined> {
  const text = await readFile(installed(path, 'README.md'), 'utf8');
  return /```ts\n.*?```\n\s*```text\n(.*?)```/s.exec(text)?.[1];
}

test('every package that is not private is published', async () => {
  const found: string[] = [];
  for (const layer of ['core', 'adapters', 'testing']) {
    for (const name of await readdir(join(root, 'packages', layer))) {
      const manifest = join(root, 'packages', layer, name, 'package.json');
      if (existsSync(manifest) && JSON.parse(await readFile(manifest, 'utf8')).private !== true)
        found.push(`${layer}/${name}`);
    }
  }
  expect(found.sort()).toEqual(published.toSorted());
});

test.each(published)('%s has what a package needs, and nothing of the workspace', async (path) => {
  const text = await readFile(installed(path, 'package.json'), 'utf8');
  const manifest = JSON.parse(text);
  expect(text).not.toMatch(/workspace:|catalog:|@vault-swarm\/source/);
  expect(manifest).toMatchObject({ license: 'MIT', publishConfig: { access: 'public' }, engines: { node: '>=24' } });
  for (const file of ['LICENSE', 'README.md']) expect(await readFile(installed(path, file), 'utf8')).not.toBe('');
  for (const entry of Object.values<{ types: string; default: string }>(manifest.exports)) {
    expect(Object.keys(entry)).toEqual(['types', 'default']);
    for (const file of Object.values(entry)) expect(existsSync(installed(path, file))).toBe(true);
  }
});

test.each(published)('%s is valid for importers', { timeout: 60_000 }, async (path) => {
  const bytes = await readFile(await tarballOf(path));
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  expect((await publint({ pack: { tarball }, strict: true })).messages).toEqual([]);
  const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(bytes)));
  // The packages are modules only: what follows from that for CommonJS is meant so.
  const problems = (analysis.types === false ? [] : analysis.problems).filter(
    (problem) => !('resolutionKind' in problem && ['node10', 'node16-cjs'].includes(problem.resolutionKind)),
  );
  expect(analysis.types).not.toBe(false);
  expect(problems).toEqual([]);
});

const withOutput = described.filter((path) => path !== 'testing/provider-contract');

test.each(withOutput)('the example of %s prints what its README says', { timeout: 60_000 }, async (path) => {
  const file = `${nameOf(path)}.ts`;
  await writeFile(join(outside, file), programOf(path));
  const { stdout, stderr } = await run('node', [file], { cwd: outside });
  expect({ stdout, stderr }).toEqual({ stdout: await outputOf(path), stderr: '' });
});

test('the examples fit the types of the packages, which are themselves in order', { timeout: 240_000 }, async () => {
  for (const path of withOutput) await writeFile(join(outside, `${nameOf(path)}.ts`), programOf(path));
  const { stdout } = await run(tsc, ['--project', outside]).catch((error: { readonly stdout: string }) => error);
  expect(stdout).toBe('');
});

test('no program of these READMEs is left', () => {
  expect(readmes.flatMap((readme) => readme.left())).toEqual([]);
});

test("the example of the provider's contract is a suite that passes", { timeout: 120_000 }, async () => {
  const suite = join(outside, 'suite');
  await mkdir(suite, { recursive: true });
  await cp(join(root, 'packages/testing/provider-contract/src/memory-provider.ts'), join(suite, 'memory-provider.ts'));
  await writeFile(join(suite, 'my-store.test.ts'), programOf('testing/provider-contract'));
  await writeFile(
    join(suite, 'my-store.ts'),
    `import { createMemoryHarness } from './memory-provider.ts';
     export async function startMyStore() {
       const { bytes: _bytes, throttling: _throttling, ...harness } = createMemoryHarness();
       return harness;
     }`,
  );
  const { stdout } = await run(join(root, 'node_modules/.bin/vitest'), ['run', '--root', suite], { cwd: outside });
  expect(stdout).toMatch(/Tests .*[1-9]\d* passed/);
});
