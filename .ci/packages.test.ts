import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDocument } from '../packages/testing/lab/src/documents/document-blocks.ts';
import { OutsidePackages, packageName } from './outside-packages.ts';
import { published } from './published-packages.ts';

const root = resolve(import.meta.dirname, '..');
const tsc = join(root, 'node_modules/.bin/tsc');
const run = promisify(execFile);

let directory: string;
let packages: OutsidePackages;
let outside: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'packages-'));
  packages = new OutsidePackages(directory);
  outside = packages.path;
  await packages.install(published);
  await writeFile(join(outside, 'package.json'), '{ "private": true, "type": "module" }');
  await cp(join(root, 'docs/examples/process-pool/tsconfig.json'), join(outside, 'tsconfig.json'));
}, 240_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** The READMEs with a program, which is the first block below the title. */
const described = published.filter((path) => !['core/rotation', 'testing/workloads-contract'].includes(path));
const readmes = described.map((path) => openDocument(`packages/${path}/README.md`, import.meta.filename));
const programs = new Map(
  described.map((path, index) => [path, readmes[index]?.take(`@vault-swarm/${packageName(path)}`, 'ts') ?? '']),
);
const programOf = (path: string) => programs.get(path) ?? '';

/** What a README says that its program prints. */
async function outputOf(path: string): Promise<string | undefined> {
  const text = await readFile(packages.file(path, 'README.md'), 'utf8');
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
  const text = await readFile(packages.file(path, 'package.json'), 'utf8');
  const manifest = JSON.parse(text);
  expect(text).not.toMatch(/workspace:|catalog:|@vault-swarm\/source/);
  expect(manifest).toMatchObject({
    ...{ license: 'MIT', publishConfig: { access: 'public' }, engines: { node: '>=24' }, sideEffects: false },
    keywords: expect.arrayContaining(['secrets']),
  });
  for (const file of ['LICENSE', 'README.md']) expect(await readFile(packages.file(path, file), 'utf8')).not.toBe('');
  for (const entry of Object.values<{ types: string; default: string }>(manifest.exports)) {
    expect(Object.keys(entry)).toEqual(['types', 'default']);
    for (const file of Object.values(entry)) expect(existsSync(packages.file(path, file))).toBe(true);
  }
});

test.each(published)('%s has the sources of its source maps, and no tests', async (path) => {
  const files = await readdir(packages.file(path, ''), { recursive: true });
  const maps = files.filter((file) => /^dist\/.*[.]map$/.test(file));
  expect(maps.length).toBeGreaterThan(0);
  for (const map of maps) {
    const { sources } = JSON.parse(await readFile(packages.file(path, map), 'utf8'));
    for (const source of sources) expect(files).toContain(join(dirname(map), source));
  }
  expect(files.filter((file) => /[.]test[.]|\/testing\//.test(file))).toEqual([]);
  expect(files).toContain('api.md');
});

test.each(published)('the links of the README of %s lead to a page of the web, or into the package', async (path) => {
  const text = await readFile(packages.file(path, 'README.md'), 'utf8');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  const relative = links.filter((link) => !/^(https:|#)/.test(link));
  // Other packages are beside it here, but not on its page.
  const isInside = (link: string) => !link.startsWith('..') && existsSync(packages.file(path, link.replace(/#.*/, '')));
  expect(relative.filter((link) => !isInside(link))).toEqual([]);
  const ofOthers = links.flatMap((link) => /^https:..www.npmjs.com.package.@vault-swarm.(.*)$/.exec(link)?.[1] ?? []);
  expect(ofOthers.filter((name) => !published.map(packageName).includes(name))).toEqual([]);
});

test('a bundle takes only what it uses', async () => {
  const { build } = createRequire(join(root, 'apps/plugin/package.json'))('esbuild');
  const { outputFiles } = await build({
    stdin: { contents: "export { refKey } from '@vault-swarm/provider';", resolveDir: outside },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  expect(outputFiles[0].contents.length).toBeLessThan(300);
});

test.each(published)('%s is valid for importers', { timeout: 60_000 }, async (path) => {
  const bytes = await readFile(await packages.tarball(path));
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
  const file = `${packageName(path)}.ts`;
  await writeFile(join(outside, file), programOf(path));
  const { stdout, stderr } = await run('node', [file], { cwd: outside });
  expect({ stdout, stderr }).toEqual({ stdout: await outputOf(path), stderr: '' });
});

test('the examples fit the types of the packages, which are themselves in order', { timeout: 240_000 }, async () => {
  for (const path of withOutput) await writeFile(join(outside, `${packageName(path)}.ts`), programOf(path));
  const { stdout } = await run(tsc, ['--project', outside]).catch((error: { readonly stdout: string }) => error);
  expect(stdout).toBe('');
});

/** The oldest and newest compilers of importers, and how they find modules. */
const compilers = ['typescript-5.4', 'typescript-6.0', 'typescript'].flatMap((compiler) =>
  (['node16', 'nodenext', 'bundler'] as const).map((resolution) => [compiler, resolution] as const),
);

test.each(compilers)(
  '%s takes the types of the packages with %s',
  { timeout: 240_000 },
  async (compiler, resolution) => {
    const program = join(outside, `with-${compiler}-${resolution}`);
    await mkdir(program, { recursive: true });
    const entries: string[] = [];
    for (const path of published.filter((name) => !name.startsWith('testing/'))) {
      const { name, exports } = JSON.parse(await readFile(packages.file(path, 'package.json'), 'utf8'));
      entries.push(...Object.keys(exports).map((entry) => join(name, entry)));
    }
    const imports = entries.map((entry, index) => `import * as entry${index} from '${entry}';`);
    const used = `export const all = [${entries.map((_, index) => `entry${index}`).join(', ')}];`;
    await writeFile(join(program, 'all.ts'), [...imports, used].join('\n'));
    await writeFile(join(program, 'package.json'), '{ "type": "module" }');
    const modules =
      resolution === 'bundler' ? { module: 'esnext', moduleResolution: 'bundler' } : { module: resolution };
    const compilerOptions = {
      ...{ ...modules, target: 'es2022', lib: ['es2023', 'esnext.disposable'], types: ['node'], strict: true },
      ...{ noEmit: true, skipLibCheck: true },
    };
    await writeFile(join(program, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['all.ts'] }));
    const command = join(root, 'node_modules', compiler, 'bin/tsc');
    const { stdout } = await run('node', [command, '--project', program]).catch(
      (error: { readonly stdout: string }) => error,
    );
    expect(stdout).toBe('');
  },
);

test('no program of these READMEs is left', () => {
  expect(readmes.flatMap((readme) => readme.left())).toEqual([]);
});

test("the example of the provider's contract is a suite that passes", { timeout: 120_000 }, async () => {
  const suite = join(outside, 'suite');
  await mkdir(suite, { recursive: true });
  const reference = join(root, 'packages/testing/provider-contract/src/reference');
  await cp(reference, join(suite, 'reference'), { recursive: true });
  await writeFile(join(suite, 'my-store.test.ts'), programOf('testing/provider-contract'));
  await writeFile(
    join(suite, 'my-store.ts'),
    `import { createMemoryHarness } from './reference/memory-harness.ts';
     export async function startMyStore() {
       const harness = createMemoryHarness();
       for (const lacking of ['bytes', 'throttling', 'withdrawal', 'hold', 'locations', 'checksum']) delete harness[lacking];
       return harness;
     }`,
  );
  const { stdout } = await run(join(root, 'node_modules/.bin/vitest'), ['run', '--root', suite], { cwd: outside });
  expect(stdout).toMatch(/Tests .*[1-9]\d* passed/);
});
