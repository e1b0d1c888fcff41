import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeRelease, verifyNode } from './node-release.ts';

const { optionalDependencies } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as { readonly optionalDependencies: Readonly<Record<string, string>> };

test.each(['x64', 'arm64'])('the Node of package.json for %s is pinned', async (arch) => {
  const version = optionalDependencies[`node-linux-${arch}`] ?? '';
  expect(await nodeRelease(version, arch)).toEqual({
    version,
    arch,
    url: `https://nodejs.org/dist/v${version}/node-v${version}-linux-${arch}.tar.xz`,
    archive: expect.stringMatching(/^[0-9a-f]{64}$/),
    binary: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test('the Node that runs the build is the pinned one', async () => {
  await verifyNode(process.execPath, await nodeRelease(process.version.slice(1), process.arch));
});

test('a release without digests, and a file with others, are refused with what to do', async () => {
  await expect(nodeRelease('0.1.2', 'x64')).rejects.toThrow('node-digests.json has no digests of Node 0.1.2 for x64');
  const directory = mkdtempSync(join(tmpdir(), 'node-release-'));
  const file = join(directory, 'node');
  writeFileSync(file, 'another program');
  const release = await nodeRelease(process.version.slice(1), process.arch);
  await expect(verifyNode(file, release)).rejects.toThrow(`${file} is not Node ${release.version}`);
  rmSync(directory, { recursive: true });
});
