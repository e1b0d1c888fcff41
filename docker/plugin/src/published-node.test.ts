import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NodeRelease } from './node-release.ts';
import { comparePublished } from './published-node.ts';

const NAME = 'node-v1.2.3-linux-x64';
const digest = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

let directory: string;
let server: Server;
let release: NodeRelease;
const files = new Map<string, string | Uint8Array>();

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'published-'));
  mkdirSync(join(directory, NAME, 'bin'), { recursive: true });
  writeFileSync(join(directory, NAME, 'bin/node'), 'the program');
  execFileSync('tar', ['--create', '--xz', '--file', 'archive', NAME], { cwd: directory });
  const archive = readFileSync(join(directory, 'archive'));
  server = createServer(({ url = '' }, answer) => {
    const content = files.get(url);
    if (content === undefined) answer.writeHead(404).end();
    else answer.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1.2.3/${NAME}.tar.xz`;
  release = { version: '1.2.3', arch: 'x64', url, archive: digest(archive), binary: digest('the program') };
  files.set(`/v1.2.3/${NAME}.tar.xz`, archive);
  files.set('/v1.2.3/SHASUMS256.txt', `${'0'.repeat(64)}  node-v1.2.3.tar.gz\n${release.archive}  ${NAME}.tar.xz\n`);
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

test('a release that is published as it is pinned is accepted', async () => {
  await comparePublished(release);
});

test.each([
  [{ archive: 'f'.repeat(64) }, 'SHASUMS256.txt has'],
  [{ binary: 'f'.repeat(64) }, 'bin/node in'],
])('a release with another digest is refused: %j', async (pinned, message) => {
  const failed = comparePublished({ ...release, ...pinned });
  await expect(failed).rejects.toThrow(message);
  await expect(failed).rejects.not.toMatchObject({ name: 'Unreachable' });
});

test('a release that can not be had says nothing about the digests', async () => {
  const elsewhere = { ...release, url: release.url.replace('/v1.2.3/', '/v1.2.4/') };
  await expect(comparePublished(elsewhere)).rejects.toMatchObject({
    name: 'Unreachable',
    message: expect.stringContaining('SHASUMS256.txt answers 404'),
  });
  const nowhere = { ...release, url: `http://127.0.0.1:1/v1.2.3/${NAME}.tar.xz` };
  await expect(comparePublished(nowhere)).rejects.toMatchObject({ name: 'Unreachable' });
});
