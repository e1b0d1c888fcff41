import { SecretValue } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { EvictedValues } from './evicted-values.ts';

function setUp() {
  const timers: (() => void)[] = [];
  const dropped = new EvictedValues({
    after: (_delayMs, callback) => {
      timers.push(callback);
      return () => undefined;
    },
  });
  const drop = () => {
    const value = SecretValue.fromText('canary');
    const bytes = value.reveal();
    dropped.add(value);
    return () => bytes.every((byte) => byte === 0);
  };
  const start = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ended = dropped.during(() => promise);
    return async () => {
      resolve();
      await ended;
    };
  };
  const turn = () => {
    for (const callback of timers.splice(0)) callback();
  };
  return { dropped, drop, start, turn, timers };
}

test('a value without references is wiped in the next turn of the event loop', () => {
  const { drop, turn } = setUp();
  const isWiped = [drop(), drop()];
  expect(isWiped.map((check) => check())).toEqual([false, false]);
  turn();
  expect(isWiped.map((check) => check())).toEqual([true, true]);
});

test('a request that started before a value was dropped keeps it whole until it ends', async () => {
  const { drop, start, turn } = setUp();
  const [endFirst, endSecond] = [start(), start()];
  const isWiped = drop();
  turn();
  await endFirst();
  expect(isWiped()).toBe(false);
  await endSecond();
  expect(isWiped()).toBe(true);
});

test('so does one that started in the same turn, and no later one', async () => {
  const { drop, start, turn } = setUp();
  const isWiped = drop();
  const end = start();
  turn();
  expect(isWiped()).toBe(false);
  const endLater = start();
  await end();
  expect(isWiped()).toBe(true);
  await endLater();
});

test('continuous requests keep no value longer than one of them takes', async () => {
  const { drop, start, turn, timers } = setUp();
  let end = start();
  const checks: (() => boolean)[] = [];
  for (let round = 0; round < 100; round++) {
    checks.push(drop());
    turn();
    const next = start();
    await end();
    end = next;
    expect(checks.every((isWiped) => isWiped())).toBe(true);
  }
  expect(timers).toEqual([]);
});

test('a request that fails ends, too', async () => {
  const { dropped, drop, turn } = setUp();
  const failing = dropped.during(() => Promise.reject(new Error('no value')));
  const isWiped = drop();
  turn();
  await expect(failing).rejects.toThrow('no value');
  expect(isWiped()).toBe(true);
});
