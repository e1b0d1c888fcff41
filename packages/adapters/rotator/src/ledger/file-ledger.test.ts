import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileLedger } from './file-ledger.ts';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ledger-'));
  path = join(directory, 'ledger.json');
});
afterEach(() => rmSync(directory, { recursive: true }));

const call = { signal: new AbortController().signal };

test('text and generations are there after it is opened again, and only the owner may read the file', async () => {
  const first = fileLedger(path);
  await first.open();
  expect(await first.read(call)).toBeNull();
  expect(first.generation('pools')).toBe(1);
  expect(await first.compareAndSet(null, 'one', call)).toBe('applied');
  await Promise.all([first.setGeneration('pools', 2), first.setGeneration('others', 5)]);
  await first.close();
  expect(readdirSync(directory)).toEqual(['ledger.json']);
  expect(statSync(path).mode & 0o777).toBe(0o600);

  const second = fileLedger(path);
  await second.open();
  expect(await second.read(call)).toMatchObject({ kind: 'text', text: 'one', version: '1' });
  expect([second.generation('pools'), second.generation('others')]).toEqual([2, 5]);
  await second.close();
});

test('of two writes on one version, the second is a conflict', async () => {
  const ledger = fileLedger(path);
  await ledger.open();
  const outcomes = [await ledger.compareAndSet(null, 'one', call), await ledger.compareAndSet(null, 'two', call)];
  expect(outcomes).toEqual(['applied', 'conflict']);
  expect(await ledger.compareAndSet('1', 'three', call)).toBe('applied');
  await ledger.close();
});

test('a second process is kept away, and the lock of one that was killed is removed', async () => {
  const other = spawn('sleep', ['60']);
  await once(other, 'spawn');
  writeFileSync(`${path}.lock`, String(other.pid));
  const message = `the ledger "${path}" can't be used: process ${other.pid} uses it; give each process a ledger of its own`;
  await expect(fileLedger(path).open()).rejects.toThrow(message);
  other.kill('SIGKILL');
  await once(other, 'exit');
  const ledger = fileLedger(path);
  await ledger.open();
  expect(readFileSync(`${path}.lock`, 'utf8')).toBe(String(process.pid));
  await ledger.close();
});

test.each(['', '{"format":1', '[]', '{"format":2}', 'null'])(
  'a file that is not a ledger is not overwritten: %j',
  async (text) => {
    writeFileSync(path, text);
    await expect(fileLedger(path).open()).rejects.toThrow(
      'is not a ledger of a rotator; name another file, or delete this one',
    );
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(readdirSync(directory)).toEqual(['ledger.json']);
  },
);

test('a second rotator of the same process is kept away until the first is closed', async () => {
  const first = fileLedger(path);
  await first.open();
  const second = fileLedger(path);
  await expect(second.open()).rejects.toThrow('another rotator of this process uses it');
  await second.close();
  await expect(second.open()).rejects.toThrow('another rotator of this process uses it');
  await first.close();
  await second.open();
  await second.close();
});

test('a missing directory is named', async () => {
  const missing = join(directory, 'no/ledger.json');
  await expect(fileLedger(missing).open()).rejects.toThrow(`the ledger "${missing}" can't be used: ENOENT`);
});
