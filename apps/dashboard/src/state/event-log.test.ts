import type { Event } from '@vault-swarm/http/api';
import { expect, test } from 'vitest';
import { atLeast, EventLog } from './event-log.ts';

const event = (id: number, level: Event['level'] = 'info'): Event => ({
  id,
  level,
  time: '2026-03-01T12:00:00.000Z',
  event: 'orchestrator.recovered',
  message: 'Docker answers again',
});

test('an event that comes twice, by the stream and by a question, is there once; the newest first', () => {
  const log = new EventLog();
  log.add([event(3), event(2)]);
  log.add([event(4)]);
  log.add([event(4), event(3), event(1)]);
  expect(log.events.value.map(({ id }) => id)).toEqual([4, 3, 2, 1]);
});

test('keeps the newest thousand', () => {
  const log = new EventLog();
  log.add(Array.from({ length: 1200 }, (_, id) => event(id)));
  expect(log.events.value).toHaveLength(1000);
  expect(log.events.value[0]?.id).toBe(1199);
});

test('shows events of at least this severity as asked for', () => {
  const events = [event(3, 'error'), event(2, 'warn'), event(1)];
  expect(atLeast(events, 'warn').map(({ id }) => id)).toEqual([3, 2]);
});
