import type { Event } from '@vault-swarm/http/api';
import { expect, test } from 'vitest';
import { historyOf } from './history-view.ts';

const event = (id: number, fields: object): Event => ({
  ...{ id, time: '2026-03-01T12:00:00.000Z', level: 'info', event: 'rollout.completed', message: `event ${id}` },
  ...fields,
});

const EVENTS = [
  event(1, { service: 'web', secrets: ['db', 'key'] }),
  event(2, { service: 'api', secrets: ['db'] }),
  event(3, { service: 'web', secret: 'key' }),
  event(4, {}),
];
const idsOf = (kind: 'service' | 'secret', name: string) =>
  historyOf([...EVENTS, ...EVENTS], { kind, name }).map(({ id }) => id);

test('the history of a service or a secret has its events, newest first, each once', () => {
  expect(idsOf('service', 'web')).toEqual([3, 1]);
  expect(idsOf('secret', 'db')).toEqual([2, 1]);
  expect(idsOf('secret', 'key')).toEqual([3, 1]);
  expect(idsOf('service', 'other')).toEqual([]);
});
