import { RecentEvents } from '@vault-swarm/metrics';
import type { RotationStatus } from '@vault-swarm/rotation';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { overviewSchema } from './api/index.ts';
import { type OpenStream, openStream } from './testing/event-source.ts';
import { type Fixture, figures, NOW_MS, startFixture, status } from './testing/monitoring-fixture.ts';

const open: { close(): unknown }[] = [];
let fixture: Fixture;
let recentEvents: RecentEvents;
let shown: RotationStatus;
let rotations: number;
let timers: { readonly delayMs: number; readonly run: () => void }[];
let monotonicMs: number;

beforeEach(async () => {
  recentEvents = new RecentEvents({ emit: () => undefined }, { firstId: 1000 });
  shown = status;
  rotations = 42;
  timers = [];
  monotonicMs = 0;
  fixture = await startFixture(
    {},
    { recentEvents, status: () => shown, figures: () => ({ ...figures, rotations, uptimeMs: monotonicMs }) },
    {
      monotonic: () => monotonicMs,
      after: (delayMs, run) => {
        const timer = { delayMs, run };
        timers.push(timer);
        return () => {
          timers = timers.filter((other) => other !== timer);
        };
      },
    },
  );
});
afterEach(async () => {
  for (const { close } of open.splice(0)) close();
  await fixture.server.close();
});

async function listen(path = '/api/v1/stream', headers: Record<string, string> = {}): Promise<OpenStream> {
  const stream = await openStream(`${fixture.server.address}${path}`, headers);
  open.push(stream);
  return stream;
}

/** A second passes for the server. */
function tick(): void {
  monotonicMs += 1_000;
  const due = timers;
  timers = [];
  for (const { delayMs, run } of due) {
    expect(delayMs).toBe(1_000);
    run();
  }
}

const kinds = (stream: OpenStream) => stream.events.map(({ event }) => event);
const emit = (message: string) => recentEvents.observe({ type: 'plugin.warning', message, atMs: NOW_MS });

test('a stream starts with the overview and the tags of the lists', async () => {
  const stream = await listen();
  expect(stream.status).toBe(200);
  expect(stream.response.headers['content-type']).toBe('text/event-stream');
  expect(stream.response.headers['cache-control']).toBe('no-store');
  await expect.poll(() => kinds(stream)).toEqual(['overview', 'changed']);
  const [overview, changed] = stream.events.map(({ data }) => data);
  expect(overviewSchema.parse(overview)).toEqual(overview);
  const tags = await Promise.all(
    ['secrets', 'services', 'leases'].map(async (name) => (await fixture.ask(`/api/v1/${name}`)).headers.etag),
  );
  expect(changed).toEqual({ secrets: tags[0], services: tags[1], leases: tags[2] });
});

test('without changes, only one overview is sent each 10 s', async () => {
  const stream = await listen();
  for (let second = 0; second < 9; second++) tick();
  emit('the end of nine seconds');
  await expect.poll(() => kinds(stream)).toEqual(['overview', 'changed', 'event']);
  tick();
  await expect.poll(() => kinds(stream)).toEqual(['overview', 'changed', 'event', 'overview']);
});

test('changes are sent each second, with the list that they are in', async () => {
  const stream = await listen();
  rotations += 1;
  tick();
  await expect.poll(() => kinds(stream)).toEqual(['overview', 'changed', 'overview']);
  expect(stream.events.at(-1)?.data).toMatchObject({ rotations: { total: 43 } });
  shown = { ...status, observedAtMs: NOW_MS };
  tick();
  await expect.poll(() => kinds(stream).slice(3)).toEqual(['overview']);
  shown = { ...status, services: [] };
  tick();
  await expect.poll(() => kinds(stream).slice(4)).toEqual(['overview', 'changed']);
  const [before, after] = stream.events.filter(({ event }) => event === 'changed').map(({ data }) => data);
  expect(after).toMatchObject({ secrets: (before as { secrets: string }).secrets });
  expect(after).not.toEqual(before);
});

test('a stream goes on after an overview that could not be made', async () => {
  const stream = await listen();
  shown = { ...status, services: null as unknown as RotationStatus['services'] };
  expect(tick).toThrow();
  shown = status;
  rotations += 1;
  tick();
  await expect.poll(() => kinds(stream)).toEqual(['overview', 'changed', 'overview']);
});

describe('events', () => {
  test('are sent at once with their number, except unimportant ones', async () => {
    const stream = await listen();
    recentEvents.observe({ type: 'reconcile.completed', durationMs: 1, orchestratorAnswered: true, atMs: NOW_MS });
    emit('told');
    await expect.poll(() => kinds(stream)).toContain('event');
    expect(stream.events.filter(({ event }) => event === 'event')).toEqual([
      {
        event: 'event',
        id: '1001',
        data: {
          id: 1001,
          time: new Date(NOW_MS).toISOString(),
          level: 'warn',
          event: 'plugin.warning',
          message: 'told',
          detail: 'told',
        },
      },
    ]);
  });

  test('that were missed come first when the last one that was seen is named, the oldest first', async () => {
    for (const message of ['a', 'b', 'c']) emit(message);
    const messages = (stream: OpenStream) =>
      stream.events.filter(({ event }) => event === 'event').map(({ data }) => (data as { message: string }).message);
    const again = await listen('/api/v1/stream', { 'Last-Event-ID': '1000' });
    const asked = await listen('/api/v1/stream?after=1001');
    const unknown = await listen('/api/v1/stream', { 'Last-Event-ID': 'x' });
    const earlier = await listen('/api/v1/stream', { 'Last-Event-ID': '17' });
    for (const stream of [again, asked, unknown, earlier]) {
      await expect.poll(() => kinds(stream)).toContain('changed');
    }
    expect([again, asked, unknown, earlier].map(messages)).toEqual([['b', 'c'], ['c'], [], ['a', 'b', 'c']]);
  });
});

describe('there is room', () => {
  test('for 64 streams, and for another once one has gone', async () => {
    const streams = await Promise.all(Array.from({ length: 64 }, () => listen()));
    expect(new Set(streams.map(({ status: code }) => code))).toEqual(new Set([200]));
    const refused = await listen();
    expect(refused.status).toBe(503);
    expect(refused.response.headers['retry-after']).toBe('10');
    expect((await fixture.ask('/api/v1/overview')).status).toBe(200);
    streams[0]?.close();
    await expect.poll(async () => (await listen()).status).toBe(200);
  });

  test('only for clients that read: others are disconnected, and do not slow down the rest', async () => {
    const slow = await listen();
    slow.response.pause();
    const quick = await listen();
    const message = 'x'.repeat(50_000);
    // More than the kernel keeps for a connection.
    for (let count = 1; count <= 150; count++) {
      emit(message);
      await expect.poll(() => quick.events.length, { interval: 2 }).toBe(2 + count);
    }
    slow.response.resume();
    await expect.poll(() => slow.ended).toBe(true);
    expect(slow.events.length).toBeLessThan(quick.events.length);
    expect(quick.ended).toBe(false);
  }, 30_000);
});

test('the clock is not called while nobody listens', async () => {
  expect(timers).toHaveLength(0);
  const stream = await listen();
  expect(timers).toHaveLength(1);
  stream.close();
  await expect.poll(() => timers).toHaveLength(0);
});

test('closing the server ends the streams', async () => {
  const stream = await listen();
  await fixture.server.close();
  await expect.poll(() => stream.ended).toBe(true);
});
