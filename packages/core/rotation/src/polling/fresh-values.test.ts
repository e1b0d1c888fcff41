import type { DeliveryRecord } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { FreshValues } from './fresh-values.ts';

const KEY = 'vault a';
const given = (revision: string) => ({ provider: 'vault', refKey: KEY, revision }) as DeliveryRecord;

function setUp() {
  let nowMs = 1_000;
  const poller = { read: [] as string[], startedAtMs: Number.NEGATIVE_INFINITY, wakes: 0 };
  const fresh = new FreshValues({
    clock: { monotonic: () => nowMs },
    intervalMs: 10_000,
    poller: {
      current: () => {
        const revision = poller.read.at(-1);
        if (revision === undefined) return undefined;
        return { revision, digest: '', formerDigest: null, createdAtMs: null, noticed: { by: 'poll' } };
      },
      confirmedAtMs: () => poller.startedAtMs,
      digestOf: (_key, revision) => (poller.read.includes(revision) ? 'digest' : null),
      hasFindings: () => poller.read.length > 0,
      isUncertain: () => false,
      wakeFor: () => {
        poller.wakes += 1;
      },
    },
    staleness: { mayBeNewer: () => false },
  });
  const pollEnds = (revision: string, startedAtMs: number) => {
    poller.read.push(revision);
    poller.startedAtMs = startedAtMs;
  };
  const wait = (ms: number) => {
    nowMs += ms;
  };
  return { fresh, poller, pollEnds, wait, current: () => fresh.current(KEY)?.revision };
}

test('what a task was given during the first poll is current if that poll found it, and causes no other', () => {
  const { fresh, poller, pollEnds, current } = setUp();
  fresh.delivered(given('r1'), false);
  expect(current()).toBeUndefined();
  pollEnds('r1', 900);
  expect(current()).toBe('r1');
  expect(poller.wakes).toBe(0);
});

test('what the first poll did not find is looked for by one more poll', () => {
  const { fresh, poller, pollEnds, current } = setUp();
  fresh.delivered(given('r2'), false);
  pollEnds('r1', 900);
  expect(current()).toBeUndefined();
  expect(current()).toBeUndefined();
  expect(poller.wakes).toBe(1);
  pollEnds('r1', 1_100);
  expect(current()).toBe('r1');
  expect(poller.wakes).toBe(1);
});

test('if tasks were given different values during the first poll, only a later poll tells which one is current', () => {
  const { fresh, pollEnds, current } = setUp();
  fresh.delivered(given('r1'), false);
  fresh.delivered(given('r2'), false);
  pollEnds('r2', 900);
  expect(current()).toBeUndefined();
  pollEnds('r2', 1_100);
  expect(current()).toBe('r2');
});

test('an intended delivery during the first poll does not stand for the poll that a later one needs', () => {
  const { fresh, poller, pollEnds } = setUp();
  fresh.delivered(given('r1'), true);
  pollEnds('r1', 900);
  fresh.delivered(given('r2'), true);
  expect(poller.wakes).toBe(1);
});

test('a later delivery that no poll has seen causes one poll in each interval', () => {
  const { fresh, poller, pollEnds, wait, current } = setUp();
  pollEnds('r1', 900);
  fresh.delivered(given('r2'), false);
  fresh.delivered(given('r2'), false);
  expect(current()).toBeUndefined();
  expect(poller.wakes).toBe(1);
  pollEnds('r1', 1_100);
  expect(current()).toBe('r1');
  wait(10_000);
  fresh.delivered(given('r2'), false);
  expect(poller.wakes).toBe(2);
});
