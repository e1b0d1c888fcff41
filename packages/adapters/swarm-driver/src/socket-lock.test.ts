import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Clock } from '@vault-swarm/kernel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockSocket, SocketInUse, SocketUnusable } from './socket-lock.ts';

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

let base: string;
let path: string;
const servers: Server[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'claim-'));
  path = join(base, 'plugin.sock');
});

afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await rm(base, { recursive: true, force: true });
});

/** Locks the path with a server that answers with its name. */
async function claim(name = 'one', at = path) {
  const server = createServer((socket) => socket.on('error', () => undefined).end(name));
  servers.push(server);
  return lockSocket(
    at,
    async (bindTo) => {
      server.listen(bindTo);
      await once(server, 'listening');
    },
    clock,
  );
}

async function whoAnswers(at = path): Promise<string> {
  const socket = connect(at);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** A socket whose process was killed: the file is there, and nobody listens. */
async function leaveDeadSocket(at = path): Promise<void> {
  const script = join(base, 'dead.cjs');
  await writeFile(script, `require('node:net').createServer().listen(${JSON.stringify(at)}, () => process.send('up'))`);
  const child = fork(script, { stdio: 'ignore' });
  await once(child, 'message');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await rm(script);
}

describe('locking a socket', () => {
  it('makes the directory, and a socket that only its owner may use', async () => {
    const deep = join(base, 'docker', 'plugins', 'plugin.sock');
    await claim('one', deep);
    expect((await stat(deep)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(base, 'docker', 'plugins'))).toEqual(['plugin.sock']);
    expect(await whoAnswers(deep)).toBe('one');
  });

  it('gives no more rights than that, and lets nobody near the socket before it has them, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      const directory = join(base, 'docker', 'plugins');
      const server = createServer();
      servers.push(server);
      const modes: number[] = [];
      const listen = async (bindTo: string) => {
        server.listen(bindTo);
        await once(server, 'listening');
        modes.push((await stat(dirname(bindTo))).mode & 0o777);
      };
      await lockSocket(join(directory, 'plugin.sock'), listen, clock);
      for (const made of [join(directory, 'plugin.sock'), directory, dirname(directory)])
        modes.push((await stat(made)).mode & 0o777);
      expect(modes).toEqual([0o700, 0o600, 0o755, 0o755]);
    } finally {
      process.umask(before);
    }
  });

  it('replaces a socket whose process is gone', async () => {
    await leaveDeadSocket();
    await claim('two');
    expect(await whoAnswers()).toBe('two');
    expect(await readdir(base)).toEqual(['plugin.sock']);
  });

  it('does not replace a socket that answers, and names it', async () => {
    await claim('one');
    await expect(claim('two')).rejects.toThrow(SocketInUse);
    await expect(claim('two')).rejects.toThrow(path);
    expect(await whoAnswers()).toBe('one');
    expect(await readdir(base)).toEqual(['plugin.sock']);
  });

  it('gives the path to exactly one of many that start at the same moment', async () => {
    for (const dead of [false, true]) {
      for (let round = 0; round < 5; round++) {
        const at = join(base, `${dead}${round}.sock`);
        if (dead) await leaveDeadSocket(at);
        const names = ['a', 'b', 'c', 'd', 'e', 'f'];
        const outcomes = await Promise.allSettled(names.map((name) => claim(name, at)));
        const winners = names.filter((_, index) => outcomes[index]?.status === 'fulfilled');
        expect(winners).toHaveLength(1);
        expect(await whoAnswers(at)).toBe(winners[0]);
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(SocketInUse);
        }
      }
    }
  });

  it('is not blocked by a process that died while it locked the path', async () => {
    await leaveDeadSocket();
    // The name that a claim holds is known from one that stands still in it.
    const names: string[] = [];
    const live = await lockSocket(
      path,
      async (bindTo) => {
        const server = createServer();
        servers.push(server);
        server.listen(bindTo);
        await once(server, 'listening');
      },
      {
        ...clock,
        after: (delayMs, callback) => {
          readdir(base).then(
            (found) => names.push(...found),
            () => undefined,
          );
          return clock.after(delayMs, callback);
        },
      },
    );
    await live.release();
    const held = names.find((name) => name !== 'plugin.sock' && /^\.[0-9a-f]{7}$/.test(name));
    expect(held).toBeDefined();
    await leaveDeadSocket();
    await leaveDeadSocket(join(base, held ?? ''));
    await claim('two');
    expect(await whoAnswers()).toBe('two');
    expect(await readdir(base)).toEqual(['plugin.sock']);
  });

  it('never deletes what is not a socket', async () => {
    await writeFile(path, 'keep me');
    await expect(claim()).rejects.toThrow(/it is not a socket/);
    expect(await readFile(path, 'utf8')).toBe('keep me');
    await rm(path);
    await mkdir(path);
    await expect(claim()).rejects.toThrow(SocketUnusable);
    await rm(path, { recursive: true });
    await symlink('nowhere', path);
    await expect(claim()).rejects.toThrow(SocketUnusable);
    expect(await readdir(base)).toEqual(['plugin.sock']);
  });

  it('takes paths of 107 bytes and says of longer ones how long they are', async () => {
    const at = (length: number) => join(base, 's'.repeat(length - base.length - 1));
    await claim('long', at(107));
    expect(await whoAnswers(at(107))).toBe('long');
    await expect(claim('long', at(108))).rejects.toThrow(/has 108 bytes; at most 107 are possible/);
  });

  it('creates the directories above the socket', async () => {
    const path = join(base, 'a', 'b', 'plugin.sock');
    await claim('one', path);
    expect(await whoAnswers(path)).toBe('one');
  });

  it('says what is wrong if the directory can not be created', async () => {
    await expect(claim('one', '/proc/nope/plugin.sock')).rejects.toThrow(/directory can't be created or written/);
    await writeFile(join(base, 'file'), '');
    await expect(claim('one', join(base, 'file', 'plugin.sock'))).rejects.toThrow(
      /directory can't be created or written/,
    );
  });

  it('removes only its own socket when it is given up', async () => {
    const first = await claim('one');
    await rm(path);
    await claim('two');
    await first.release();
    expect(await whoAnswers()).toBe('two');
  });
});
