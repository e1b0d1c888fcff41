import type { TimedEvent } from '@vault-swarm/provider';
import { describe, expect, test } from 'vitest';
import { coreEvents } from './core-events.ts';
import { EventCatalog } from './event-catalog.ts';

const catalog = new EventCatalog(coreEvents('Docker'));

const completed: TimedEvent = {
  type: 'rollout.completed',
  service: 'web',
  secrets: ['db', 'api'],
  generation: 7,
  durationMs: 12_345.678_91,
  atMs: 1,
};

describe('an event is described', () => {
  test('as a sentence with what an operator needs', () => {
    expect(catalog.describe(completed)).toBe(
      'every task of service web has the new revision of secrets db, api, 12s after the change was seen',
    );
    expect(
      catalog.describe({
        type: 'delivery.failed',
        secret: 'db',
        service: undefined,
        task: undefined,
        provider: undefined,
        code: 'NOT_FOUND',
        message: 'there is no app/db',
        durationMs: 3,
      }),
    ).toBe('could not deliver secret db to an unnamed service: there is no app/db (NOT_FOUND)');
  });

  test('with its fields under names for machines, without those that were not given', () => {
    expect(catalog.record(completed)).toEqual({
      time: '1970-01-01T00:00:00.001Z',
      level: 'info',
      event: 'rollout.completed',
      message: catalog.describe(completed),
      service: 'web',
      secrets: ['db', 'api'],
      generation: 7,
      duration_ms: 12_345.679,
    });
    const delivered: TimedEvent = {
      type: 'secret.delivered',
      secret: 'db',
      service: undefined,
      task: undefined,
      provider: 'vault',
      revision: '3',
      source: 'cache',
      durationMs: 0.25,
      atMs: 1,
    };
    expect(catalog.record(delivered)).toEqual({
      time: '1970-01-01T00:00:00.001Z',
      level: 'debug',
      event: 'secret.delivered',
      message: catalog.describe(delivered),
      secret: 'db',
      provider: 'vault',
      revision: '3',
      source: 'cache',
      duration_ms: 0.25,
    });
  });

  test('with more weight if somebody has to act', () => {
    expect(catalog.severityOf('rollout.failed')).toBe('error');
    expect(catalog.severityOf('delivery.failed')).toBe('error');
    expect(catalog.severityOf('rollout.completed')).toBe('info');
    expect(catalog.severityOf('secret.delivered')).toBe('debug');
    expect(catalog.severityOf('reconcile.completed')).toBe('debug');
  });
});
