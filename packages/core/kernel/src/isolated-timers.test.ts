import { expect, test } from 'vitest';
import { IsolatedTimers } from './isolated-timers.ts';

function setUp() {
  const timers = new Set<() => void>();
  const reported: string[] = [];
  const clock = new IsolatedTimers(
    {
      now: () => 5,
      monotonic: () => 7,
      after: (_, callback) => {
        timers.add(callback);
        return () => timers.delete(callback);
      },
    },
    { emit: ({ message }) => reported.push(message) },
  );
  const ring = () => {
    for (const callback of [...timers]) {
      timers.delete(callback);
      callback();
    }
  };
  return { clock, reported, ring };
}

test('tells the time of the clock, and calls back unless cancelled', () => {
  const { clock, ring, reported } = setUp();
  const called: string[] = [];
  clock.after(1, () => called.push('first'));
  clock.after(1, () => called.push('second'))();
  ring();
  expect([clock.now(), clock.monotonic(), called, reported]).toEqual([5, 7, ['first'], []]);
});

test('what a callback throws ends nothing, and is reported once for the same message in a row', () => {
  const { clock, ring, reported } = setUp();
  const called: string[] = [];
  const throws = (message: string) => () => {
    called.push(message);
    throw new Error(message);
  };
  for (const message of ['a fault', 'a fault', 'another', 'a fault']) clock.after(1, throws(message));
  ring();
  expect(called).toHaveLength(4);
  expect(reported).toEqual(['a fault', 'another', 'a fault']);
});
