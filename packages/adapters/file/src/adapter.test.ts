import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, link, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Clock } from '@vault-swarm/kernel';
import { type ProductEvent, ProviderError, type ProviderInstance, refKey, type SecretRef } from '@vault-swarm/provider';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createFileProvider } from './index.ts';

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
const digest = (bytes: Uint8Array) => createHmac('sha256', 'a key').update(bytes).digest('base64url');
const signal = new AbortController().signal;
/** For what happens within milliseconds on a machine that is not busy. */
const SOON_MS = 15_000;
let heard: ProductEvent[] = [];
const events = { emit: (event: ProductEvent) => void heard.push(event) };

let parent: string;
let directory: string;
let provider: ProviderInstance;
const workers: Worker[] = [];

beforeEach(async () => {
  heard = [];
  parent = await mkdtemp(join(tmpdir(), 'file-provider-'));
  directory = join(parent, 'secrets');
  await mkdir(directory);
  provider = createFileProvider({ directory }, { name: 'file', clock, digest, events });
});

afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate();
  await provider.close();
  await rm(parent, { recursive: true });
});

function ref(path: string): SecretRef {
  return { provider: 'file', location: { path }, encoding: 'raw' };
}

function put(path: string, content: string | Uint8Array): Promise<void> {
  return writeFile(join(directory, path), content);
}

async function text(path: string): Promise<string> {
  return Buffer.from((await provider.secrets.read(ref(path), { signal })).value.reveal()).toString();
}

async function failure(path: string): Promise<ProviderError> {
  const error = await provider.secrets.read(ref(path), { signal }).catch((reason: unknown) => reason);
  if (error instanceof ProviderError) return error;
  throw new Error('it was read');
}

async function marker(path: string): Promise<string> {
  const result = (await provider.probe?.probe([ref(path)], { signal }))?.get(refKey(ref(path)));
  return result?.kind === 'marker' ? result.marker : `no marker: ${result?.kind}`;
}

describe('a file in the directory', () => {
  test('is refused if it is one of the plugin itself, also as a hard link and after it was replaced', async () => {
    const token = join(parent, 'token');
    const ownFiles = [{ variable: 'VAULT_TOKEN_FILE', path: token, kind: 'credential' }] as const;
    await provider.close();
    provider = createFileProvider({ directory }, { name: 'file', clock, digest, events, ownFiles });
    await put('other', 'value');
    for (const name of ['first', 'second']) {
      await writeFile(`${token}.new`, 'canary');
      await rename(`${token}.new`, token);
      await link(token, join(directory, name));
      const error = await failure(name);
      expect([error.code, error.message]).toEqual([
        'ACCESS_DENIED',
        `file ${name}: it is the plugin's own file (VAULT_TOKEN_FILE), which is never delivered`,
      ]);
    }
    expect(await text('other')).toBe('value');
  });

  test('is found below other directories and through links inside of the directory', async () => {
    await mkdir(join(directory, 'app/db'), { recursive: true });
    await put('app/db/password', 'x\n');
    await symlink('app', join(directory, 'link'));
    await symlink(join(directory, 'app/db/password'), join(directory, 'absolute'));
    expect(await text('app/db/password')).toBe('x\n');
    expect(await text('link/db/password')).toBe('x\n');
    expect(await text('absolute')).toBe('x\n');
  });

  test('is found if the directory itself is a link', async () => {
    await put('one', 'x');
    await symlink(directory, join(parent, 'link'));
    const linked = createFileProvider({ directory: join(parent, 'link') }, { name: 'file', clock, digest, events });
    expect((await linked.secrets.read(ref('one'), { signal })).value.byteLength).toBe(1);
    await linked.close();
  });

  test('has no fields if its JSON is no object, and the error quotes nothing', async () => {
    for (const [content, reason] of [
      ['["s3cret"]', ', but a list'],
      ['"s3cret"', ', but a string'],
      ['{"a": "s3cret"', ': a comma or closing bracket is missing (line 1, column 15)'],
      ['{"a": s3cret}', ': it has text that is not JSON'],
    ] as const) {
      await put('x.json', content);
      expect(await failure('x.json')).toMatchObject({
        code: 'INVALID_PAYLOAD',
        message: `file x.json: it is not a JSON object${reason}`,
      });
    }
    await put('x', '{"a": 1}');
    await expect(provider.secrets.read({ ...ref('x'), field: 'a' }, { signal })).rejects.toThrow(
      'only .json, .yaml and .yml files have fields, so it can\'t give field "a"',
    );
    await put('x.yaml', Buffer.from([0x61, 0x3a, 0xff]));
    expect(await failure('x.yaml')).toMatchObject({ message: 'file x.yaml: it is not UTF-8 text' });
  });

  test('is refused with its size if Swarm can not carry it', async () => {
    await put('large', Buffer.alloc(512_000));
    await put('fits', Buffer.alloc(511_999));
    await put('empty', '');
    expect(await failure('large')).toMatchObject({
      code: 'INVALID_PAYLOAD',
      message: expect.stringContaining('512000 bytes'),
    });
    expect(await text('fits')).toHaveLength(511_999);
    expect(await failure('empty')).toMatchObject({
      code: 'INVALID_PAYLOAD',
      message: expect.stringContaining('0 bytes'),
    });
  });

  test('may be longer than its value, if that is a field or is decoded', async () => {
    await put('long.json', JSON.stringify({ value: 'x', notes: 'n'.repeat(600_000) }));
    expect(await text('long.json')).toBe('x');
    await put('long', Buffer.alloc(450_000).toString('base64'));
    const decoded = await provider.secrets.read({ ...ref('long'), encoding: 'base64' }, { signal });
    expect(decoded.value.byteLength).toBe(450_000);
    await put('longer.json', JSON.stringify({ value: 'x', notes: 'n'.repeat(1_048_576) }));
    expect(await failure('longer.json')).toMatchObject({ message: expect.stringContaining('at most 1048576 bytes') });
  });

  test('is not read into memory if it is too large', async () => {
    execFileSync('truncate', ['-s', '1T', join(directory, 'huge')]);
    expect(await failure('huge')).toMatchObject({ message: expect.stringContaining('1099511627776 bytes') });
  });

  test('has another marker after each change in place, however soon', async () => {
    const markers = new Set<string>();
    for (let turn = 0; turn < 10; turn++) {
      await put('x', `value-${turn}`);
      markers.add(await marker('x'));
    }
    expect(markers.size).toBe(10);
  });

  test('has no two equal markers while it is written all the time', async () => {
    await put('log', 'x');
    const writing = setInterval(() => void appendFile(join(directory, 'log'), 'x'), 1);
    const markers = [await marker('log'), await marker('log'), await marker('log')];
    clearInterval(writing);
    expect(new Set(markers).size).toBe(3);
  });
});

describe('what is not a file in the directory', () => {
  test('is refused, and nothing waits for it', { timeout: SOON_MS }, async () => {
    await mkdir(join(directory, 'directory'));
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    const server = createServer().listen(join(directory, 'socket'));
    await once(server, 'listening');
    await symlink('/dev/zero', join(directory, 'device'));
    await symlink('circle', join(directory, 'circle'));
    await symlink('nowhere', join(directory, 'dangling'));
    await put('plain', 'x');
    expect(await failure('directory')).toMatchObject({
      code: 'INVALID_PAYLOAD',
      message: 'file directory: it is a directory, not a file',
    });
    expect(await failure('fifo')).toMatchObject({
      code: 'INVALID_PAYLOAD',
      message: 'file fifo: it is a named pipe, not a file',
    });
    expect(await failure('socket')).toMatchObject({ code: 'INVALID_PAYLOAD' });
    expect(await failure('device')).toMatchObject({ code: 'ACCESS_DENIED' });
    expect(await failure('circle')).toMatchObject({ code: 'INVALID_PAYLOAD' });
    expect(await failure('dangling')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await failure('plain/x')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await failure('n'.repeat(300))).toMatchObject({ code: 'INVALID_REF' });
    server.close();
  });

  test('is not reached by links or dots', async () => {
    await writeFile(join(parent, 'outside'), 's3cret');
    await mkdir(`${directory}-other`);
    await writeFile(join(`${directory}-other`, 'x'), 's3cret');
    await symlink('../outside', join(directory, 'relative'));
    await symlink(join(parent, 'outside'), join(directory, 'absolute'));
    await symlink('..', join(directory, 'up'));
    await symlink('../secrets-other', join(directory, 'sibling'));
    for (const path of ['relative', 'absolute', 'up/outside', 'sibling/x']) {
      expect(await failure(path)).toMatchObject({
        code: 'ACCESS_DENIED',
        message: expect.stringContaining('leads out of'),
      });
      expect(await marker(path)).toBe('no marker: failed');
    }
    for (const path of ['../outside', 'a/../../outside', join(parent, 'outside')]) {
      expect(await failure(path)).toMatchObject({ code: 'INVALID_REF' });
    }
  });

  test('is not reached by a directory that becomes a link while it is followed', async () => {
    await mkdir(join(directory, 'inside'));
    await put('inside/x', 'inside');
    await mkdir(join(parent, 'outside'));
    await writeFile(join(parent, 'outside', 'x'), 'outside');
    const swapper = swapping(`
      const { renameSync, symlinkSync, unlinkSync } = require('node:fs');
      turn(() => {
        for (let again = 0; again < 100; again++) {
          renameSync(d + '/inside', d + '/away'); symlinkSync('../outside', d + '/inside');
          unlinkSync(d + '/inside'); renameSync(d + '/away', d + '/inside');
        }
      });`);
    await once(swapper, 'message');
    const seen = new Set<string>();
    for (let turn = 0; turn < 1_000; turn++) seen.add(await text('inside/x').catch((error) => error.code));
    expect(seen).toContain('inside');
    // Where it is at the moment decides between the two codes.
    expect([...seen].filter((one) => !['inside', 'ACCESS_DENIED', 'NOT_FOUND'].includes(one))).toEqual([]);
  });
});

describe('a file that is replaced', () => {
  test.for([
    ['by mv', `write(d + '/new', t); renameSync(d + '/new', d + '/x');`],
    [
      'with its directory, as Kubernetes does',
      `mkdirSync(d + '/..' + t); write(d + '/..' + t + '/x', t); symlinkSync('..' + t, d + '/tmp');
       renameSync(d + '/tmp', d + '/..data'); rmSync(d + '/..' + (t - 1), { recursive: true, force: true });`,
    ],
  ] as const)('%s is read whole, old or new, and is never missing', async ([how, step]) => {
    const swapper = swapping(`
      const { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } = require('node:fs');
      const write = (path, t) => writeFileSync(path, String(t % 10).repeat(100_000));
      turn((t) => { ${step} });`);
    await once(swapper, 'message');
    const path = how === 'by mv' ? 'x' : '..data/x';
    for (let turn = 0; turn < 25; turn++) expect(await text(path)).toMatch(/^(\d)\1{99999}$/);
  });
});

describe('the directory', () => {
  test('that is not there is an outage, and says what to do', async () => {
    await rename(directory, `${directory}-away`);
    expect(await failure('x')).toMatchObject({
      code: 'UNAVAILABLE',
      message: `file x: the directory ${directory} does not exist; mount or create it, or change FILE_SECRETS_DIR`,
    });
    await writeFile(directory, 'a file');
    expect(await failure('x')).toMatchObject({ code: 'UNAVAILABLE' });
    await rm(directory);
    await rename(`${directory}-away`, directory);
    expect(await failure('x')).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('is watched as soon as a probe finds it, with the directories in it', async () => {
    await rename(directory, `${directory}-away`);
    const hint = vi.fn();
    provider.hints?.onHint(hint);
    await marker('x');
    await rename(`${directory}-away`, directory);
    // The probe sets the watch up, which is itself a reason to look.
    await vi.waitFor(async () => {
      await marker('x');
      expect(hint).toHaveBeenCalled();
    }, SOON_MS);
    await mkdir(join(directory, 'a/b'), { recursive: true });
    let turn = 0;
    for (const path of ['a/x', 'a/b/x']) {
      hint.mockClear();
      await vi.waitFor(async () => {
        await put(path, `${turn++}`);
        expect(hint).toHaveBeenCalled();
      }, SOON_MS);
    }
  });

  test('is watched for all listeners, even if one of them throws', async () => {
    provider.hints?.onHint(() => {
      throw new Error('a fault');
    });
    const hint = vi.fn();
    provider.hints?.onHint(hint);
    await vi.waitFor(() => expect(hint).toHaveBeenCalled());
    expect(heard).toContainEqual({
      type: 'listener.failed',
      listener: 'hint of the file provider',
      message: 'a fault',
    });
  });

  test('is watched again after another one took its place', async () => {
    const hint = vi.fn();
    provider.hints?.onHint(hint);
    await vi.waitFor(() => expect(hint).toHaveBeenCalled(), SOON_MS);
    await rename(directory, `${directory}-old`);
    await mkdir(directory);
    await vi.waitFor(async () => {
      await marker('x');
      hint.mockClear();
      await put('x', `${performance.now()}`);
      await vi.waitFor(() => expect(hint).toHaveBeenCalled(), 200);
    }, SOON_MS);
  });
});

/** A thread that goes on calling `turn`'s function with 1, 2, 3, …; it posts a message after the first time. */
function swapping(code: string): Worker {
  const prelude = `
    const d = ${JSON.stringify(directory)};
    const turn = (step) => { let t = 0; const go = () => { step(++t); if (t === 1) parentPort.postMessage(1); setTimeout(go, 1); }; go(); };
    const { parentPort } = require('node:worker_threads');`;
  const worker = new Worker(`${prelude}${code}`, { eval: true });
  workers.push(worker);
  return worker;
}

test('emits an event for each file that is read or checked, without its path', async () => {
  await put('one', 'x');
  await text('one');
  await marker('one');
  await failure('missing');
  expect(heard).toEqual([
    {
      type: 'provider.request-completed',
      provider: 'file',
      operation: 'read',
      outcome: 'ok',
      durationMs: expect.any(Number),
    },
    {
      type: 'provider.request-completed',
      provider: 'file',
      operation: 'probe',
      outcome: 'ok',
      durationMs: expect.any(Number),
    },
    {
      type: 'provider.request-completed',
      provider: 'file',
      operation: 'read',
      outcome: 'NOT_FOUND',
      durationMs: expect.any(Number),
    },
  ]);
});
