import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./build.ts', import.meta.url));
let folder: string;
let target: string;

const build = (into: string) => run(process.execPath, ['--conditions=@vault-swarm/source', script, into]);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'managed-'));
  target = join(folder, 'plugin');
  await build(target);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Everything in a folder: kind, mode, time and content, by path. */
async function listing(top: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(top, { recursive: true, withFileTypes: true });
  const lines = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const { mode, mtimeMs } = await lstat(path);
      const content = entry.isFile()
        ? createHash('sha256')
            .update(await readFile(path))
            .digest('hex')
        : '';
      return [relative(top, path), `${mode.toString(8)} ${mtimeMs} ${content}`] as const;
    }),
  );
  return Object.fromEntries(lines.sort(([a], [b]) => (a < b ? -1 : 1)));
}

test('the same sources give the same files, with the same modes and times', async () => {
  const again = join(folder, 'again');
  await build(again);
  expect(await listing(again)).toEqual(await listing(target));
});

test('there is no link, no shell and no package manager in its root file system', async () => {
  const entries = await readdir(join(target, 'rootfs'), { recursive: true, withFileTypes: true });
  expect(entries.filter((entry) => !entry.isFile() && !entry.isDirectory())).toEqual([]);
  const folders = new Set(
    entries.filter((entry) => entry.isFile()).map((entry) => relative(join(target, 'rootfs'), entry.parentPath)),
  );
  const programs = entries.filter((entry) => entry.parentPath.endsWith('/bin')).map(({ name }) => name);
  expect(programs).toEqual(['node']);
  expect([...folders].some((path) => path.includes('node_modules'))).toBe(false);
});

test('its bill of materials names each bundled package once, Node, and the shared libraries', async () => {
  const { bomFormat, components } = JSON.parse(await readFile(join(target, 'sbom.cdx.json'), 'utf8')) as {
    readonly bomFormat: string;
    readonly components: readonly { readonly name: string; readonly purl?: string; readonly 'bom-ref': string }[];
  };
  expect(bomFormat).toBe('CycloneDX');
  const references = components.map((component) => component['bom-ref']);
  expect(new Set(references).size).toBe(references.length);
  const names = components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['node', 'libc.so.6', 'undici', 'dockerode', 'express']));
  // What the bundle leaves out is none of it.
  expect(names).not.toContain('ssh2');
});
