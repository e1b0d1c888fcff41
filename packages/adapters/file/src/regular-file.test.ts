import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UnusableFile, whyUnreadable } from '@vault-swarm/provider';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRegularFile } from './regular-file.ts';

let directory: string;
const file = (name: string) => join(directory, name);
const reasonFor = (path: string) => {
  try {
    readRegularFile(path);
    return 'it was read';
  } catch (error) {
    return `${error instanceof UnusableFile ? 'unusable' : 'system'}: ${whyUnreadable(error)}`;
  }
};

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'regular-file-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

test('a regular file is read, also through a link, and also an empty one', () => {
  writeFileSync(file('plain'), 'grün\n');
  symlinkSync(file('plain'), file('link'));
  writeFileSync(file('empty'), '');
  expect([readRegularFile(file('plain')), readRegularFile(file('link')), readRegularFile(file('empty'))]).toEqual([
    'grün\n',
    'grün\n',
    '',
  ]);
});

test('a byte order mark before the text is no part of it', () => {
  writeFileSync(file('marked'), '\ufeffhvs.token\n');
  writeFileSync(file('marked-within'), 'a\ufeff');
  expect([readRegularFile(file('marked')), readRegularFile(file('marked-within'))]).toEqual(['hvs.token\n', 'a\ufeff']);
});

test('a file that says that it is empty is read to its end', () => {
  expect(readRegularFile('/proc/self/status')).toContain('VmRSS');
});

test('/dev/null is an empty file', () => {
  expect(readRegularFile('/dev/null')).toBe('');
});

test('a named pipe that nobody writes to is refused, not waited for', () => {
  execFileSync('mkfifo', [file('pipe')]);
  symlinkSync(file('pipe'), file('link-to-pipe'));
  expect(reasonFor(file('pipe'))).toBe('unusable: is a named pipe, not a regular file');
  expect(reasonFor(file('link-to-pipe'))).toBe('unusable: is a named pipe, not a regular file');
});

test('devices, sockets and directories are refused', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(file('socket'), resolve));
  expect(['/dev/zero', file('socket')].map(reasonFor)).toEqual(
    Array(2).fill('unusable: is a device or socket, not a regular file'),
  );
  expect(reasonFor(directory)).toBe('unusable: is a directory, not a regular file');
  server.close();
});

test('a file of 1 MiB is read, and one byte more is refused', () => {
  writeFileSync(file('large'), '');
  truncateSync(file('large'), 1024 * 1024);
  expect(readRegularFile(file('large'))).toHaveLength(1024 * 1024);
  truncateSync(file('large'), 1024 * 1024 + 1);
  expect(reasonFor(file('large'))).toBe('unusable: has more than 1048576 bytes');
});

test('what the system says is passed on', () => {
  expect(reasonFor(file('missing'))).toBe('system: does not exist');
  writeFileSync(file('loop'), '');
  chmodSync(file('loop'), 0o600);
  expect(reasonFor(join(file('loop'), 'below'))).toBe('system: does not exist: a part of its path is a file');
});
