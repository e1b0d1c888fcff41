import { once } from 'node:events';
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createSilentServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@vault-swarm/kernel';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DriverEvent } from './driver-events.ts';
import { SocketListener } from './socket-listener.ts';
import { SocketInUse } from './socket-lock.ts';
import { askForName } from './testing/ask-for-name.ts';

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
const soon = { timeout: 15_000, interval: 20 };

let directory: string;
let socketPath: string;
const published: Published[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'published-'));
  socketPath = join(directory, 'plugin.sock');
});

afterEach(async () => {
  for (const one of published.splice(0)) await one.end();
  await rm(directory, { recursive: true, force: true });
});

interface Published {
  readonly socket: SocketListener;
  readonly events: DriverEvent[];
  end(): Promise<void>;
}

/** A process of that name, which answers with the name. */
function publish(name: string, takeOverWhen?: () => boolean): Published {
  const servers: Server[] = [];
  const events: DriverEvent[] = [];
  const makeServer = () => {
    const server = createServer((_request, response) => response.end(name));
    servers.push(server);
    return server;
  };
  const emit = (event: DriverEvent) => void events.push(event);
  const socket = new SocketListener({ socketPath, takeOverWhen, clock, events: { emit }, makeServer });
  const end = async () => {
    await socket.release();
    for (const server of servers) server.close();
  };
  const one = { socket, events, end };
  published.push(one);
  return one;
}

const whoAnswers = () => askForName(socketPath);

describe('the name of a socket', () => {
  it('is taken over as soon as the newcomer can answer, and not before', async () => {
    const old = publish('old');
    await old.socket.publish();
    let canAnswer = false;
    const asked = vi.fn(() => canAnswer);
    const young = publish('young', asked);
    await young.socket.publish();
    await expect.poll(() => asked.mock.calls.length, soon).toBeGreaterThan(2);
    expect(await whoAnswers()).toBe('old');
    expect([old.socket.isOurs, young.socket.isOurs]).toEqual([true, false]);

    canAnswer = true;
    await expect.poll(() => young.socket.isOurs, soon).toBe(true);
    expect(await whoAnswers()).toBe('young');
    await expect.poll(() => old.socket.isOurs, soon).toBe(false);
    expect(young.events.map(({ type }) => type)).toEqual(['driver.standby', 'driver.listening']);
    expect(old.events.map(({ type }) => type)).toEqual(['driver.listening', 'driver.superseded']);
    await old.end();
    expect(await whoAnswers()).toBe('young');
    expect(await readdir(directory)).toEqual(['plugin.sock']);
  });

  it('is not replaced without the permission to take it over', async () => {
    await publish('old').socket.publish();
    await expect(publish('young').socket.publish()).rejects.toThrow(SocketInUse);
  });

  it('is taken over from one that hangs, even by a newcomer that can not answer either', async () => {
    const hanging = createSilentServer(() => undefined).listen(socketPath);
    await once(hanging, 'listening');
    const young = publish('young', () => false);
    await young.socket.publish();
    await expect.poll(() => young.socket.isOurs, soon).toBe(true);
    expect(await whoAnswers()).toBe('young');
    hanging.close();
  });

  it('is taken over at once when its owner has ended', async () => {
    const old = publish('old');
    await old.socket.publish();
    await publish('young', () => false).socket.publish();
    await old.end();
    await expect.poll(whoAnswers, soon).toBe('young');
  });

  it('stays with the latest of several that may all take it over', async () => {
    const names = ['first', 'second', 'third'];
    for (const name of names) {
      await publish(name, () => true).socket.publish();
      await expect.poll(whoAnswers, soon).toBe(name);
    }
    await expect.poll(() => published.map(({ socket }) => socket.isOurs), soon).toEqual([false, false, true]);
    expect(published.flatMap(({ events }) => events.filter(({ type }) => type === 'driver.superseded'))).toHaveLength(
      2,
    );
  });

  it('returns to the previous owner when the newcomer ends', async () => {
    const old = publish('old');
    await old.socket.publish();
    const young = publish('young', () => true);
    await young.socket.publish();
    await expect.poll(() => old.socket.isOurs, soon).toBe(false);
    await young.end();
    await expect.poll(() => old.socket.isOurs, soon).toBe(true);
    expect(await whoAnswers()).toBe('old');
  });

  it('is made again when somebody removes it', async () => {
    const only = publish('only');
    await only.socket.publish();
    await rm(socketPath);
    await expect.poll(whoAnswers, soon).toBe('only');
    await only.end();
    expect(await readdir(directory)).toEqual([]);
  });

  it('is reported once as unreachable if something other than a socket has replaced it', async () => {
    const only = publish('only');
    await only.socket.publish();
    await writeFile(join(directory, 'other'), 'keep me');
    await rename(join(directory, 'other'), socketPath);
    await expect.poll(() => only.events.at(-1), soon).toMatchObject({ type: 'driver.socket-lost', socket: socketPath });
    await rm(socketPath);
    const reported = ['driver.listening', 'driver.socket-lost', 'driver.listening'];
    await expect.poll(() => only.events.map(({ type }) => type), soon).toEqual(reported);
    expect(await whoAnswers()).toBe('only');
  });
});
