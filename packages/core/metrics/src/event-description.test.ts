import type { TimedEvent } from '@vault-swarm/provider';
import { describe, expect, test } from 'vitest';
import { describeEvent, eventRecord, severityOf } from './event-description.ts';

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
    expect(describeEvent(completed)).toBe(
      'every task of service web has the new revision of secrets db, api, 12s after the change was seen',
    );
    expect(
      describeEvent({
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
    expect(eventRecord(completed)).toEqual({
      time: '1970-01-01T00:00:00.001Z',
      level: 'info',
      event: 'rollout.completed',
      message: describeEvent(completed),
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
    expect(eventRecord(delivered)).toEqual({
      time: '1970-01-01T00:00:00.001Z',
      level: 'debug',
      event: 'secret.delivered',
      message: describeEvent(delivered),
      secret: 'db',
      provider: 'vault',
      revision: '3',
      source: 'cache',
      duration_ms: 0.25,
    });
  });

  test('with more weight if somebody has to act', () => {
    expect(severityOf('rollout.failed')).toBe('error');
    expect(severityOf('delivery.failed')).toBe('error');
    expect(severityOf('rollout.completed')).toBe('info');
    expect(severityOf('secret.delivered')).toBe('debug');
    expect(severityOf('reconcile.completed')).toBe('debug');
  });
});
