import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileLedger, type GroupOptions, memoryLedger, Rotator, type RotatorLedger } from './index.ts';
import { MemorySecrets } from './testing/memory-secrets.ts';

/** A worker that remembers its key, as a connection pool does. */
interface Pool {
  key: string;
  isOpen: boolean;
  readonly fail: (error: unknown) => void;
}

let directory: string;
let secrets: MemorySecrets;
let rotator: Rotator;
let opened: Pool[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rotator-'));
  secrets = new MemorySecrets();
  opened = [];
});
afterEach(async () => {
  await rotator?.close();
  rmSync(directory, { recursive: true });
});

const open = async (ledger: RotatorLedger = memoryLedger()) => {
  rotator = await Rotator.open({ providers: [secrets], interval: '100ms', ledger });
  return rotator;
};

const options: GroupOptions<Pool, 'key'> = {
  size: 3,
  secrets: { key: { memory_name: 'api-key' } },
  monitor: '10ms',
  start({ secrets: given, fail }) {
    const key = given.key.revealText();
    if (key.startsWith('bad')) throw new Error(`login with ${key} failed`);
    const pool = { key, isOpen: true, fail };
    opened.push(pool);
    return pool;
  },
  stop(pool) {
    pool.isOpen = false;
  },
};

function eventsOf(source: Rotator): unknown[] {
  const events: unknown[] = [];
  source.on('rotated', ({ group, secrets: names }) => events.push(['rotated', group, ...names]));
  source.on('rolled-back', ({ group, secrets: names }) => events.push(['rolled-back', group, ...names]));
  return events;
}

test('every worker gets a new value, one after the other, and there is always a worker for each place', async () => {
  secrets.set('api-key', 'first');
  const events = eventsOf(await open());
  const pools = rotator.group('pools', options);
  await pools.settled();
  expect(pools.workers.map(({ key }) => key)).toEqual(['first', 'first', 'first']);

  let fewest = 3;
  rotator.on('failed', () => expect.unreachable());
  const start: typeof options.start = (context) => {
    fewest = Math.min(fewest, opened.filter(({ isOpen }) => isOpen).length);
    return options.start(context);
  };
  const others = rotator.group('others', { ...options, start });
  await others.settled();
  secrets.set('api-key', 'second');
  await Promise.all([pools.settled(), others.settled()]);
  expect(pools.workers.map(({ key }) => key)).toEqual(['second', 'second', 'second']);
  expect(fewest).toBe(3);
  expect(opened.filter(({ isOpen }) => isOpen)).toHaveLength(6);
  expect(events).toEqual(
    expect.arrayContaining([
      ['rotated', 'pools', 'key'],
      ['rotated', 'others', 'key'],
    ]),
  );
});

test('a bad value reaches one worker only, is quarantined, and a newer value is tried', async () => {
  secrets.set('api-key', 'first');
  const events = eventsOf(await open());
  const messages: string[] = [];
  rotator.on('failed', ({ message }) => messages.push(message));
  const pools = rotator.group('pools', options);
  await pools.settled();
  const before = pools.workers;

  secrets.set('api-key', 'bad second');
  await pools.settled();
  expect(pools.workers).toEqual(before);
  expect(before.every(({ isOpen }) => isOpen)).toBe(true);
  expect(events).toEqual([['rolled-back', 'pools', 'key']]);
  expect(messages[0]).toBe('worker 0 failed: login with [redacted] failed');
  expect(messages.join()).not.toContain('bad second');

  secrets.set('api-key', 'third');
  await pools.settled();
  expect(pools.workers.map(({ key }) => key)).toEqual(['third', 'third', 'third']);
});

test('a quarantined value is tried again on request, and the problem says so', async () => {
  secrets.set('api-key', 'first');
  await open();
  let accepts = false;
  const pools = rotator.group('pools', {
    ...options,
    start(context) {
      if (context.secrets.key.revealText() === 'second' && !accepts) throw new Error('the server does not know it yet');
      return options.start(context);
    },
  });
  await pools.settled();
  secrets.set('api-key', 'second');
  await pools.settled();
  expect(rotator.problems.map(({ code, action }) => [code, action])).toEqual([
    ['VALUE_QUARANTINED', expect.stringContaining('retryQuarantined()')],
  ]);

  accepts = true;
  await rotator.retryQuarantined();
  await pools.settled();
  expect(pools.workers.map(({ key }) => key)).toEqual(['second', 'second', 'second']);
  expect(rotator.problems).toEqual([]);
  await rotator.close();
  await expect(rotator.retryQuarantined()).rejects.toThrow('the rotator is closed');
});

test('a worker that reports a failure during the rollout counts against the new value', async () => {
  secrets.set('api-key', 'first');
  const events = eventsOf(await open());
  const pools = rotator.group('pools', {
    ...options,
    monitor: '1m',
    start(context) {
      const pool = options.start(context) as Pool;
      if (pool.key === 'second') queueMicrotask(() => context.fail(new Error('the server closed the connection')));
      return pool;
    },
  });
  await pools.settled();
  secrets.set('api-key', 'second');
  await pools.settled();
  expect(pools.workers.map(({ key }) => key)).toEqual(['first', 'first', 'first']);
  expect(events).toEqual([['rolled-back', 'pools', 'key']]);
});

test('`update` gives the running workers the new value, and none is started or stopped', async () => {
  secrets.set('api-key', 'first');
  await open();
  const pools = rotator.group('pools', {
    ...options,
    update(pool, { secrets: given }) {
      pool.key = given.key.revealText();
    },
  });
  await pools.settled();
  const before = pools.workers;
  secrets.set('api-key', 'second');
  await pools.settled();
  expect(pools.workers).toEqual(before);
  expect(before.map(({ key, isOpen }) => [key, isOpen])).toEqual([
    ['second', true],
    ['second', true],
    ['second', true],
  ]);
});

test('a worker whose update fails is replaced by another one with the new value', async () => {
  secrets.set('api-key', 'first');
  const events = eventsOf(await open());
  const pools = rotator.group('pools', { ...options, update: () => Promise.reject(new Error('no')) });
  await pools.settled();
  const before = pools.workers;
  secrets.set('api-key', 'second');
  await pools.settled();
  expect(before.some(({ isOpen }) => isOpen)).toBe(false);
  expect(pools.workers.map(({ key }) => key)).toEqual(['second', 'second', 'second']);
  expect(events).toEqual([['rotated', 'pools', 'key']]);
});

test('if neither update nor start accepts the new value, it is quarantined', async () => {
  secrets.set('api-key', 'first');
  const events = eventsOf(await open());
  const pools = rotator.group('pools', { ...options, update: () => Promise.reject(new Error('no')) });
  await pools.settled();
  const [first, ...rest] = pools.workers;
  secrets.set('api-key', 'bad');
  await pools.settled();
  expect(first?.isOpen).toBe(false);
  expect(pools.workers.slice(1)).toEqual(rest);
  expect(pools.workers.map(({ key }) => key)).toEqual(['first', 'first', 'first']);
  expect(events).toEqual([['rolled-back', 'pools', 'key']]);
});

test('a worker that fails is replaced, also while the provider does not answer', async () => {
  secrets.set('api-key', 'first');
  await open();
  const pools = rotator.group('pools', options);
  await pools.settled();
  secrets.goDown();
  pools.workers[1]?.fail(new Error('it crashed'));
  await pools.settled();
  expect(pools.workers.map(({ key }) => key)).toEqual(['first', 'first', 'first']);
  expect(opened.filter(({ isOpen }) => isOpen)).toHaveLength(3);
});

test('a worker that fails while its replacement starts is not replaced twice', async () => {
  secrets.set('api-key', 'first');
  await open();
  const release = Promise.withResolvers<void>();
  const starting = Promise.withResolvers<void>();
  const pools = rotator.group('pools', {
    ...options,
    size: 1,
    async start(context) {
      if (context.secrets.key.revealText() === 'second') {
        starting.resolve();
        await release.promise;
      }
      return options.start(context);
    },
  });
  await pools.settled();
  secrets.set('api-key', 'second');
  const settled = pools.settled();
  await starting.promise;
  pools.workers[0]?.fail(new Error('it crashed'));
  release.resolve();
  await settled;
  expect(opened.map(({ key, isOpen }) => [key, isOpen])).toEqual([
    ['first', false],
    ['second', true],
  ]);
});

test('after a restart with the same ledger, a quarantined value is not tried again', async () => {
  const path = join(directory, 'ledger.json');
  secrets.set('api-key', 'first');
  await open(fileLedger(path));
  const before = rotator.group('pools', options);
  await before.settled();
  secrets.set('api-key', 'bad');
  await before.settled();
  await rotator.close();

  secrets.set('api-key', 'good');
  const events = eventsOf(await open(fileLedger(path)));
  const after = rotator.group('pools', options);
  await after.settled();
  expect(after.workers.map(({ key }) => key)).toEqual(['good', 'good', 'good']);
  expect(events).not.toContainEqual(['rolled-back', 'pools', 'key']);
});

test('a restart with a quarantined value of a provider without old versions starts workers once it is tried again', async () => {
  const path = join(directory, 'ledger.json');
  secrets.set('api-key', 'first');
  await open(fileLedger(path));
  const before = rotator.group('pools', options);
  await before.settled();
  secrets.set('api-key', 'bad');
  await before.settled();
  await rotator.close();

  await open(fileLedger(path));
  const failed = Promise.withResolvers<string>();
  rotator.on('failed', ({ message }) => failed.resolve(message));
  const after = rotator.group('pools', {
    size: 3,
    secrets: options.secrets,
    start: ({ secrets: given }) => given.key.revealText(),
  });
  expect(await failed.promise).toContain("the last good one can't be had any more");
  expect(after.workers).toEqual([]);
  await rotator.retryQuarantined();
  await after.settled();
  expect(after.workers).toEqual(['bad', 'bad', 'bad']);
});

test('close stops every worker and the provider; a worker that starts too late is stopped as well', async () => {
  secrets.set('api-key', 'first');
  await open();
  const late = Promise.withResolvers<void>();
  const starting = Promise.withResolvers<void>();
  const pools = rotator.group('pools', options);
  rotator.group('slow', {
    ...options,
    size: 1,
    async start(context) {
      starting.resolve();
      await late.promise;
      return options.start(context);
    },
    stop(pool) {
      pool.isOpen = false;
    },
  });
  await pools.settled();
  await starting.promise;
  await rotator.close();
  late.resolve();
  await expect.poll(() => opened.length).toBe(3);
  await expect.poll(() => opened.filter(({ isOpen }) => isOpen)).toEqual([]);
  expect(secrets.isClosed).toBe(true);
  expect(() => rotator.group('more', options)).toThrow('the rotator is closed');
});

test('settled says what it waits for when it is aborted', async () => {
  await open();
  const pools = rotator.group('pools', options);
  const signal = AbortSignal.timeout(300);
  await expect(pools.settled({ signal })).rejects.toThrow(/"pools" .*there is no api-key/);
});

test('its messages speak of groups and workers, whatever fails', async () => {
  const foreign = /\b(tasks?|services?|plugin|swarm|manager)\b/i;
  const messages: string[] = [];
  secrets.set('api-key', 'first');
  await open();
  rotator.on('failed', ({ message }) => messages.push(message));
  rotator.on('rolled-back', ({ reason }) => messages.push(reason));
  const groups = ['pools', 'missing', 'broken'].map((name) => {
    const key = { memory_name: name === 'missing' ? 'other-key' : 'api-key' };
    const start = name === 'broken' ? () => Promise.reject(new Error('broken')) : options.start;
    return rotator.group(name, { ...options, secrets: { key }, start });
  });
  const shown = () => [...messages, ...rotator.problems.flatMap(({ detail, action }) => [detail, action])].join('\n');
  const waits = (signal: AbortSignal) =>
    Promise.all(groups.map((group) => group.settled({ signal }).catch((error: Error) => messages.push(error.message))));

  await expect.poll(shown).toContain('memory: there is no other-key');
  await expect.poll(shown).toContain('A group has no running worker: broken');
  secrets.set('api-key', 'bad');
  await expect.poll(shown).toContain('A new value made workers fail and is quarantined');
  secrets.goDown();
  await expect.poll(shown).toContain('memory: it is down');
  await waits(AbortSignal.timeout(200));
  expect(shown()).not.toMatch(foreign);
  expect(() => rotator.group('x', { ...options, secrets: { key: { doppler_name: 'a' } } })).toThrow(
    /^((?!plugin).)*$/s,
  );
});

test('a listener that throws harms nobody', async () => {
  secrets.set('api-key', 'first');
  await open();
  const messages: string[] = [];
  rotator.on('failed', ({ message }) => messages.push(message));
  rotator.on('rotated', () => {
    throw new Error('broken listener');
  });
  const pools = rotator.group('pools', options);
  await pools.settled();
  for (const value of ['second', 'third']) {
    secrets.set('api-key', value);
    await pools.settled();
  }
  expect(pools.workers.map(({ key }) => key)).toEqual(['third', 'third', 'third']);
  expect(messages).toEqual(['a listener failed: broken listener']);
});

test.each([
  [{ size: 0 }, 'size must be a positive integer, not "0"'],
  [{ monitor: '5 seconds' }, 'monitor must be a duration from 0ms to 24h, such as 10s or 1m30s, not "5 seconds"'],
  [{ secrets: {} }, 'group "pools": secrets must name at least one secret'],
  [{ secrets: { key: {} } }, 'group "pools", secret "key": '],
  [{ secrets: { key: { memory_nam: 'x' } } }, 'group "pools", secret "key": label "memory_nam"'],
  [{ secrets: { key: { memory_name: 'x', doppler_name: 'y' } } }, 'labels name more than one provider'],
  [{ secrets: { key: { acme_name: 'x' } } }, 'label "acme_name" = "x" is not known; memory has memory_name'],
])('a wrong option is found at once: %j', async (wrong, message) => {
  await open();
  expect(() => rotator.group('pools', { ...options, ...wrong } as typeof options)).toThrow(message);
});

test('two groups need two names, and a rotator needs providers', async () => {
  secrets.set('api-key', 'first');
  await open();
  rotator.group('pools', options);
  expect(() => rotator.group('pools', options)).toThrow('a group must have its own name, and "pools" is in use');
  await expect(Rotator.open({ providers: [] })).rejects.toThrow('providers must contain at least one provider');
  const twice = Rotator.open({ providers: [secrets, secrets] });
  await expect(twice).rejects.toThrow('two providers are named memory; give one another name');
});
