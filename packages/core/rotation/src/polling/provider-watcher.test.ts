import type { Clock } from '@vault-swarm/kernel';
import {
  type ProbeResult,
  ProviderError,
  type ProviderInstance,
  refKey,
  type SecretRef,
  type SecretRevision,
  SecretValue,
} from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { ProviderOutages } from './provider-outages.ts';
import { ProviderWatcher } from './provider-watcher.ts';

const refs = (count: number) =>
  new Map(
    Array.from({ length: count }, (_, index): [string, SecretRef] => {
      const ref: SecretRef = { provider: 'vault', location: { path: `p${index}` }, encoding: 'raw' };
      return [refKey(ref), ref];
    }),
  );

/** A watch on a clock that runs to the next timer whenever nothing else happens. */
function setUp(provider: Partial<ProviderInstance>, refresh: () => Promise<SecretRevision>) {
  const timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  let nowMs = 0;
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    after: (delayMs, callback) => {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.push(timer);
      return () => timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0);
    },
  };
  const outcomes: string[] = [];
  let newest: string | undefined;
  const seen = (revision: string) => {
    if (newest === undefined || newest < revision) newest = revision;
  };
  let asked = 0;
  let confirmed = 0;
  const watch = new ProviderWatcher({
    provider: 'vault',
    findProvider: async () => ({ probe: null, ...provider }) as ProviderInstance,
    values: {
      refresh: () => {
        asked += 1;
        return refresh();
      },
      lockDown: () => undefined,
      revalidate: () => {
        confirmed += 1;
      },
      seen: (_ref, revision) => seen(revision),
      newest: () => newest,
      reportProbe: (_ref, outcome) => outcomes.push(outcome),
      pin: () => undefined,
      ensureCached: async () => false,
    },
    clock,
    random: { next: () => 0 },
    outages: new ProviderOutages({ emit: () => undefined }),
    formerDigest: () => null,
    digest: () => 'digest',
  });
  const poll = async () => {
    let done = false;
    const looking = watch.poll(new AbortController().signal).finally(() => {
      done = true;
    });
    while (!done) {
      for (let round = 0; round < 50; round++) await Promise.resolve();
      timers.sort((a, b) => a.atMs - b.atMs);
      const next = done ? undefined : timers.shift();
      if (next === undefined) continue;
      nowMs = next.atMs;
      next.callback();
    }
    await looking;
  };
  /** Reads again what lags, once that is due. */
  const again = async () => {
    nowMs += watch.againInMs ?? 0;
    await watch.readAgain(new AbortController().signal);
  };
  const after = (delayMs: number) => new Promise<void>((resolve) => void clock.after(delayMs, resolve));
  return {
    watch,
    seen,
    look: poll,
    again,
    outcomes,
    after,
    elapsedMs: () => nowMs,
    asked: () => asked,
    confirmed: () => confirmed,
  };
}

test('a provider that hangs and can only be read is given up after ten of a thousand reads', async () => {
  const { watch, look: poll, elapsedMs, asked } = setUp({}, () => new Promise(() => undefined));
  watch.setRefs(refs(1_000));
  await poll();
  expect(elapsedMs()).toBe(20_000);
  expect(asked()).toBe(10);
  expect(watch.failure).toMatchObject({ code: 'UNAVAILABLE' });
});

test('a refusal of some is no reason not to read the others', async () => {
  const { watch, look: poll, asked } = setUp({}, () => Promise.reject(new ProviderError('NOT_FOUND', 'none')));
  watch.setRefs(refs(100));
  await poll();
  expect(asked()).toBe(100);
});

test('a refusal without proof keeps what was known, is no outage, and no reason not to read the others', async () => {
  const known = { value: SecretValue.fromText('one'), revision: 'r1' };
  let answer: () => Promise<SecretRevision> = async () => known;
  const { watch, look: poll, asked } = setUp({}, () => answer());
  watch.setRefs(refs(20));
  await poll();
  answer = () => Promise.reject(new ProviderError('INVALID_REF', 'unknown words', { isProven: false }));
  await poll();
  const [key = ''] = refs(1).keys();
  expect(watch.current(key)).toMatchObject({ revision: 'r1' });
  expect(watch.error(key)).toMatchObject({ code: 'INVALID_REF' });
  expect(watch.failure).toBeNull();
  expect(asked()).toBe(40);
});

test('a provider that is slow and has many secrets is given the time that it needs', async () => {
  const {
    watch,
    look: poll,
    outcomes,
    after,
    elapsedMs,
  } = setUp(
    {
      probe: {
        probe: async (asked) => {
          await after((asked.length / 8) * 100);
          const error = new ProviderError('NOT_FOUND', 'none');
          return new Map(asked.map((ref) => [refKey(ref), { kind: 'failed', error }]));
        },
      },
    },
    () => Promise.reject(new Error('never read')),
  );
  watch.setRefs(refs(1_000));
  await poll();
  expect(elapsedMs()).toBe(12_500);
  expect(outcomes).toEqual(['answered']);
});

test('a probe that never ends is cut off, and counts as a timeout', async () => {
  const {
    watch,
    look: poll,
    outcomes,
  } = setUp({ probe: { probe: () => new Promise(() => undefined) } }, () => Promise.reject(new Error('never read')));
  watch.setRefs(refs(10));
  await poll();
  expect(outcomes).toEqual(['timeout']);
  expect(watch.failure).toMatchObject({ code: 'UNAVAILABLE' });
});

test('what is postponed is neither read nor confirmed, and what was known of it stays', async () => {
  let result: ProbeResult = { kind: 'marker', marker: '1' };
  const {
    watch,
    look: poll,
    outcomes,
    asked,
    confirmed,
  } = setUp({ probe: { probe: async (given) => new Map(given.map((ref) => [refKey(ref), result])) } }, async () => ({
    value: SecretValue.fromText('x'),
    revision: 'r1',
  }));
  const watched = refs(3);
  watch.setRefs(watched);
  await poll();
  expect(asked()).toBe(3);
  result = { kind: 'postponed' };
  await poll();
  expect(asked()).toBe(3);
  expect(confirmed()).toBe(0);
  expect(outcomes).toEqual(['answered']);
  expect([...watched.keys()].map((key) => watch.current(key)?.revision)).toEqual(['r1', 'r1', 'r1']);
  result = { kind: 'marker', marker: '1' };
  await poll();
  expect(asked()).toBe(3);
  expect(confirmed()).toBe(3);
});

test('a problem of the probe is reported with markers too, and stays while there is no request', async () => {
  let result: ProbeResult = { kind: 'marker', marker: '1', problem: 'add a policy' };
  const { watch, look: poll } = setUp(
    { probe: { probe: async (given) => new Map(given.map((ref) => [refKey(ref), result])) } },
    async () => ({ value: SecretValue.fromText('x'), revision: 'r1' }),
  );
  watch.setRefs(refs(1));
  await poll();
  expect(watch.probeProblem).toBe('add a policy');
  result = { kind: 'postponed' };
  await poll();
  expect(watch.probeProblem).toBe('add a policy');
  result = { kind: 'marker', marker: '1' };
  await poll();
  expect(watch.probeProblem).toBeNull();
});

/** A probe that names this revision, and a way to change it. */
function naming(revision: string) {
  const named = { revision };
  const probe = {
    probe: async (given: readonly SecretRef[]) => {
      const { revision: marker } = named;
      return new Map(given.map((ref) => [refKey(ref), { kind: 'marker', marker, revision: marker } as const]));
    },
  };
  return { named, probe };
}

const value = (revision: string): SecretRevision => ({ value: SecretValue.fromText(revision), revision });

test('a read that gives an older value than the probe named keeps what is known, and is repeated by itself', async () => {
  let given = value('r1');
  const { named, probe } = naming('r1');
  const { watch, look: poll, again, asked } = setUp({ probe }, async () => given);
  const [key = ''] = refs(1).keys();
  watch.setRefs(refs(1));
  await poll();
  expect(watch.againInMs).toBeNull();
  named.revision = 'r2';
  await poll();
  expect([watch.current(key)?.revision, watch.isUncertain(key), watch.againInMs]).toEqual(['r1', true, 250]);
  const before = asked();
  await again();
  expect(asked()).toBe(before + 1);
  given = value('r2');
  await again();
  expect([watch.current(key)?.revision, watch.isUncertain(key), watch.againInMs]).toEqual(['r2', false, null]);
  await poll();
  expect(asked()).toBe(before + 2);
});

test('a field that the named revision does not have is an error, and no lag', async () => {
  const { probe } = naming('r1');
  const missing = new ProviderError('NOT_FOUND', 'there is no such field', { revision: 'r1' });
  const { watch, look: poll } = setUp({ probe }, () => Promise.reject(missing));
  const [key = ''] = refs(1).keys();
  watch.setRefs(refs(1));
  await poll();
  expect([watch.error(key), watch.againInMs]).toEqual([missing, null]);
});

test('what the probe lacks is no problem while the value can not be read either', async () => {
  let answer: () => Promise<SecretRevision> = () => Promise.reject(new ProviderError('ACCESS_DENIED', 'no rule'));
  const result = { kind: 'unsupported', problem: 'add a policy' } as const;
  const probe = { probe: async (given: readonly SecretRef[]) => new Map(given.map((ref) => [refKey(ref), result])) };
  const { watch, look: poll } = setUp({ probe }, () => answer());
  watch.setRefs(refs(1));
  await poll();
  expect(watch.probeProblem).toBeNull();
  answer = async () => value('r1');
  await poll();
  expect(watch.probeProblem).toBe('add a policy');
});

test('a value that a probe names and a read does not find yet is not taken for deleted', async () => {
  let answer: () => Promise<SecretRevision> = async () => value('r1');
  const { named, probe } = naming('r1');
  const { watch, look: poll, again } = setUp({ probe }, () => answer());
  const [key = ''] = refs(1).keys();
  watch.setRefs(refs(1));
  await poll();
  named.revision = 'r2';
  answer = () => Promise.reject(new ProviderError('NOT_FOUND', 'there is no such secret'));
  await poll();
  expect(watch.error(key)).toBeUndefined();
  expect(watch.current(key)).toMatchObject({ revision: 'r1' });
  answer = async () => value('r2');
  await again();
  expect(watch.current(key)).toMatchObject({ revision: 'r2' });
});

test('a read that fails while its value lags is reported and repeated', async () => {
  let answer: () => Promise<SecretRevision> = async () => value('r1');
  const { probe } = naming('r2');
  const { watch, look: poll, again } = setUp({ probe }, () => answer());
  const [key = ''] = refs(1).keys();
  watch.setRefs(refs(1));
  await poll();
  answer = () => Promise.reject(new ProviderError('UNAVAILABLE', 'connection refused'));
  await again();
  expect(watch.failure).toMatchObject({ code: 'UNAVAILABLE' });
  expect(watch.againInMs).not.toBeNull();
  answer = async () => value('r2');
  await again();
  expect(watch.failure).toBeNull();
  expect(watch.current(key)).toMatchObject({ revision: 'r2' });
});

test('as long as a probe and a read do not agree, each poll reads', async () => {
  const { named, probe } = naming('r2');
  const { watch, look: poll, asked } = setUp({ probe }, async () => value('r2'));
  watch.setRefs(refs(1));
  await poll();
  await poll();
  expect(asked()).toBe(1);
  // A replica that lags answers the probe, and the provider itself the read.
  named.revision = 'r1';
  await poll();
  const before = asked();
  await poll();
  expect(asked()).toBeGreaterThan(before);
});

test('a value that is read when it lagged before is read once more, unless the probe named it', async () => {
  let marker = 'm1';
  let given = value('r1');
  const probe = {
    probe: async (asked: readonly SecretRef[]) =>
      new Map(asked.map((ref) => [refKey(ref), { kind: 'marker', marker } as const])),
  };
  const { watch, look: poll, again, asked, seen } = setUp({ probe }, async () => given);
  const [key = ''] = refs(1).keys();
  watch.setRefs(refs(1));
  await poll();
  seen('r3');
  marker = 'm2';
  given = value('r2');
  await poll();
  given = value('r3');
  await again();
  expect(watch.current(key)).toMatchObject({ revision: 'r3' });
  // The marker was that of the second value, and may be again.
  const before = asked();
  await poll();
  expect(asked()).toBe(before + 1);
  await poll();
  expect(asked()).toBe(before + 1);
});

test('a value with a known end is read again then, and at growing intervals until it is replaced', async () => {
  let read = { revision: 'r1', replacedInMs: 90_000 };
  const {
    watch,
    look: poll,
    again,
    elapsedMs,
    asked,
  } = setUp({}, async () => ({
    value: SecretValue.fromText('one'),
    ...read,
  }));
  const [[key, ref] = ['', undefined]] = refs(1);
  watch.setRefs(new Map(ref === undefined ? [] : [[key, ref]]));
  await poll();
  expect(watch.againInMs).toBe(90_000);
  read = { revision: 'r1', replacedInMs: 0 };
  const pauses: number[] = [];
  for (let turn = 0; turn < 5; turn++) {
    const beforeMs = elapsedMs();
    await again();
    pauses.push(elapsedMs() - beforeMs);
  }
  expect(pauses).toEqual([90_000, 1_000, 2_000, 4_000, 8_000]);
  expect(watch.againInMs).toBe(10_000);
  read = { revision: 'r2', replacedInMs: 3_600_000 };
  await again();
  expect(watch.current(key)?.revision).toBe('r2');
  expect(watch.againInMs).toBe(3_600_000);
  expect(asked()).toBe(7);
});

test('a value with a known end that can not be read is left to the next poll', async () => {
  let answer = async (): Promise<SecretRevision> => ({
    value: SecretValue.fromText('one'),
    revision: 'r1',
    replacedInMs: 1_000,
  });
  const { watch, look: poll, again } = setUp({}, () => answer());
  watch.setRefs(refs(1));
  await poll();
  answer = () => Promise.reject(new ProviderError('UNAVAILABLE', 'down'));
  await again();
  expect(watch.againInMs).toBeNull();
});
