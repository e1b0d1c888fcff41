import { expect, test } from 'vitest';
import { IdleCollection } from './idle-collection.ts';

function setUp() {
  const timers: (() => void)[] = [];
  let collections = 0;
  const clock = {
    after: (_delayMs: number, callback: () => void) => {
      timers.push(callback);
      return () => undefined;
    },
  };
  const idle = new IdleCollection(clock, () => {
    collections += 1;
  });
  return {
    answer(times: number) {
      for (let time = 0; time < times; time++) {
        idle.observe({ type: 'delivery.failed', atMs: 0 } as Parameters<typeof idle.observe>[0]);
      }
    },
    /** Two seconds pass; returns how often garbage was collected so far. */
    pass() {
      for (const callback of timers.splice(0)) callback();
      return collections;
    },
  };
}

test('collects once after the start, when nobody asks', () => {
  const { answer, pass } = setUp();
  answer(1);
  expect(pass()).toBe(0);
  expect([pass(), pass(), pass()]).toEqual([1, 1, 1]);
});

test('collects after a storm, and not amid it', () => {
  const { answer, pass } = setUp();
  pass();
  answer(10_000);
  answer(1);
  expect(pass()).toBe(1);
  answer(1);
  expect(pass()).toBe(1);
  expect([pass(), pass()]).toEqual([2, 2]);
});

test('a few answers are no reason to collect', () => {
  const { answer, pass } = setUp();
  pass();
  for (let minute = 0; minute < 10; minute++) {
    answer(10);
    expect(pass()).toBe(1);
  }
});
