import { expect, test } from 'vitest';
import { Readiness } from './readiness.ts';
import { ManualClock } from './testing/manual-clock.ts';

test('a stale value is no sign that the provider answers', () => {
  const readiness = new Readiness(new ManualClock(), 'the pool');
  const event = {
    type: 'secret.delivered',
    secret: 'db',
    service: 'web',
    task: 't',
    provider: 'vault',
    revision: 'r',
    durationMs: 1,
    atMs: 0,
  } as const;
  readiness.observe({ ...event, source: 'stale' });
  expect(readiness.waitingFor).toContain('a provider');
  readiness.observe({ ...event, source: 'provider' });
  expect(readiness.waitingFor).not.toContain('a provider');
});

test('names what has not answered', () => {
  const readiness = new Readiness(new ManualClock(), 'the pool');
  expect(readiness.waitingFor).toEqual(['the pool', 'a provider']);
  readiness.observe({ type: 'reconcile.completed', durationMs: 1, orchestratorAnswered: false, atMs: 0 });
  expect(readiness.waitingFor).toContain('the pool');
  readiness.observe({ type: 'reconcile.completed', durationMs: 1, orchestratorAnswered: true, atMs: 0 });
  expect(readiness.waitingFor).toEqual(['a provider']);
});

test('only the provider of secrets that name none lets the socket be taken over', () => {
  const readiness = new Readiness(new ManualClock(), 'the pool');
  readiness.observe({ type: 'reconcile.completed', durationMs: 1, orchestratorAnswered: true, atMs: 0 });
  readiness.providerAnswered({ isDefault: false });
  expect([readiness.waitingFor, readiness.canTakeOver]).toEqual([[], false]);
  readiness.providerAnswered({ isDefault: true });
  expect(readiness.canTakeOver).toBe(true);
});
