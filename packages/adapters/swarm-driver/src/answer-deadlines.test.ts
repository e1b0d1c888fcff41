import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Clock } from '@vault-swarm/kernel';
import { expect, test } from 'vitest';
import { AnswerDeadlines } from './answer-deadlines.ts';

class Answer extends EventEmitter {
  isDestroyed = false;

  destroy() {
    this.isDestroyed = true;
    this.emit('close');
  }
}

function setUp() {
  let nowMs = 0;
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    after: (delayMs, callback) => {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const deadlines = new AnswerDeadlines(clock);
  return {
    deadlines,
    timers,
    send() {
      const answer = new Answer();
      const closed = deadlines.closed(answer as unknown as ServerResponse);
      return { answer, closed };
    },
    advanceTo(atMs: number) {
      nowMs = atMs;
      for (const timer of timers) {
        if (timer.atMs > nowMs) continue;
        timers.delete(timer);
        timer.callback();
      }
    },
  };
}

test('an answer that is not read within 10 s is given up, and no other', async () => {
  const { send, advanceTo } = setUp();
  const first = send();
  advanceTo(6_000);
  const second = send();
  advanceTo(9_999);
  expect(first.answer.isDestroyed).toBe(false);
  advanceTo(10_000);
  await first.closed;
  expect([first.answer.isDestroyed, second.answer.isDestroyed]).toEqual([true, false]);
  advanceTo(16_000);
  await second.closed;
  expect(second.answer.isDestroyed).toBe(true);
});

test('ten thousand answers that are read share one timer', async () => {
  const { send, timers, deadlines } = setUp();
  for (let nth = 0; nth < 10_000; nth++) {
    const { answer, closed } = send();
    expect(timers.size).toBe(1);
    answer.emit('close');
    await closed;
  }
  deadlines.close();
  expect(timers.size).toBe(0);
});

test('a timer that finds nothing to give up serves the answers that come later', async () => {
  const { send, advanceTo } = setUp();
  send().answer.emit('close');
  advanceTo(10_000);
  const { answer, closed } = send();
  advanceTo(20_000);
  await closed;
  expect(answer.isDestroyed).toBe(true);
});
