import type { Events, ProductEvent, TimedEvent } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { RecentEvents } from './recent-events.ts';

const emitted: ProductEvent[] = [];
const events: Events = { emit: (event) => emitted.push(event) };
const warning = (atMs: number): TimedEvent => ({ type: 'plugin.warning', message: `warning ${atMs}`, atMs });
const recovered = (atMs: number): TimedEvent => ({ type: 'orchestrator.recovered', atMs });

test('lists the newest first, in the order of emission even if the wall clock jumped back', () => {
  const recent = new RecentEvents(events);
  for (const event of [warning(100), recovered(50), warning(60)]) recent.observe(event);
  expect(recent.list().map(({ atMs }) => atMs)).toEqual([60, 50, 100]);
});

test('keeps only the latest of each kind, so that a storm of one kind does not push out the others', () => {
  const recent = new RecentEvents(events, { capacity: 3 });
  recent.observe(recovered(1));
  for (let at = 2; at < 1000; at++) recent.observe(warning(at));
  expect(recent.list().map(({ atMs }) => atMs)).toEqual([999, 998, 997]);
  expect(recent.list((type) => type !== 'plugin.warning').map(({ atMs }) => atMs)).toEqual([1]);
});

test('numbers increase from a given start, and select earlier or later events', () => {
  const recent = new RecentEvents(events, { firstId: 1000 });
  for (const at of [1, 2, 3, 4]) recent.observe(warning(at));
  const ids = (query: Parameters<RecentEvents['list']>[1]) => recent.list(undefined, query).map(({ id }) => id);
  expect(ids({})).toEqual([1003, 1002, 1001, 1000]);
  expect(ids({ before: 1002 })).toEqual([1001, 1000]);
  expect(ids({ after: 1001 })).toEqual([1003, 1002]);
  expect(ids({ limit: 1 })).toEqual([1003]);
});

test('a listener gets each event with its number until it unsubscribes', () => {
  const recent = new RecentEvents(events);
  const reported: number[] = [];
  const end = recent.subscribe(({ id }) => reported.push(id));
  recent.observe(warning(1));
  recent.observe(warning(2));
  end();
  recent.observe(warning(3));
  expect(reported).toEqual([0, 1]);
});

test('events of one kind take no more bytes than they may, and push out no others', () => {
  const recent = new RecentEvents(events, { maxBytes: 100_000 });
  recent.observe(recovered(1));
  for (let atMs = 2; atMs < 1000; atMs++)
    recent.observe({ type: 'plugin.warning', message: `${atMs} ${'a'.repeat(1_500)}`, atMs });
  expect(recent.bytes).toBeLessThan(101_000);
  expect(recent.list().map(({ atMs }) => atMs)).toContain(1);
  expect(recent.list()[0]?.atMs).toBe(999);
  expect(recent.list().length).toBeGreaterThan(20);
});

test('a reader that throws does not affect others, and is reported once', () => {
  emitted.length = 0;
  const recent = new RecentEvents(events);
  const reported: number[] = [];
  recent.subscribe(() => {
    throw new Error('a fault');
  });
  recent.subscribe(({ id }) => reported.push(id));
  recent.observe(warning(1));
  recent.observe(warning(2));
  expect(reported).toEqual([0, 1]);
  expect(emitted).toEqual([{ type: 'listener.failed', listener: 'reader of the list of events', message: 'a fault' }]);
});
