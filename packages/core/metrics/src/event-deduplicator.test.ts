import type { Clock, NamedEvent, Timed } from '@vault-swarm/kernel';
import { expect, test } from 'vitest';
import { coreEvents } from './core-events.ts';
import { EventCatalog } from './event-catalog.ts';
import { EventDeduplicator } from './event-deduplicator.ts';

function setUp() {
  const timers = new Map<() => void, number>();
  let nowMs = 0;
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    after: (delayMs, callback) => {
      timers.set(callback, nowMs + delayMs);
      return () => timers.delete(callback);
    },
  };
  const reported: (Timed<NamedEvent> & { readonly repetitions?: number })[] = [];
  const repeated = new EventDeduplicator(clock, new EventCatalog(coreEvents('Docker')), (event) =>
    reported.push(event),
  );
  const advance = (durationMs: number) => {
    nowMs += durationMs;
    for (const [callback, atMs] of [...timers]) {
      if (atMs > nowMs) continue;
      timers.delete(callback);
      callback();
    }
  };
  const refuse = (secret = 'db', service = 'web') =>
    repeated.observe({
      type: 'delivery.failed',
      ...{ secret, service, task: undefined, provider: 'vault', code: 'NOT_FOUND', message: 'no such secret' },
      ...{ durationMs: 1, atMs: nowMs },
    });
  return { repeated, reported, advance, refuse, timers };
}

test('a repeated error is logged once, and then its count', () => {
  const { reported, advance, refuse } = setUp();
  for (let call = 0; call < 10_000; call++) refuse();
  expect(reported.length).toBe(1);
  advance(10_000);
  expect(reported.slice(1)).toMatchObject([{ secret: 'db', repetitions: 9_999 }]);
});

test('the longer it continues, the less often it is logged', () => {
  const { reported, advance, refuse } = setUp();
  for (let second = 0; second < 3_600; second++) {
    refuse();
    advance(1_000);
  }
  expect(reported.length).toBeLessThan(20);
  const counted = reported.reduce((sum, event) => sum + ('repetitions' in event ? (event.repetitions ?? 0) : 1), 0);
  expect(counted).toBeGreaterThan(3_200);
});

test('a single event is logged once, without a count later', () => {
  const { reported, advance, refuse, timers } = setUp();
  refuse();
  advance(10_000);
  expect(reported.length).toBe(1);
  expect(timers.size).toBe(0);
  refuse();
  expect(reported.length).toBe(2);
});

test('each service and secret is named, up to a hundred at a time', () => {
  const { reported, refuse } = setUp();
  for (let service = 0; service < 2_000; service++) refuse('db', `web-${service}`);
  expect(reported.length).toBe(101);
});

test('remaining counts are logged at the end', () => {
  const { repeated, reported, refuse, timers } = setUp();
  refuse();
  refuse();
  repeated.close();
  expect(reported.at(-1)).toMatchObject({ repetitions: 1 });
  expect(timers.size).toBe(0);
});

test('all other events are logged each time', () => {
  const { repeated, reported } = setUp();
  for (let call = 0; call < 3; call++) repeated.observe({ type: 'orchestrator.recovered', atMs: 0 });
  expect(reported.length).toBe(3);
});
