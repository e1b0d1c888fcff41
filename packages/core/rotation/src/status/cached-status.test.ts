import { expect, test } from 'vitest';
import { CachedStatus } from './cached-status.ts';
import type { RotationStatus } from './status.ts';

function start() {
  let nowMs = 0;
  let made = 0;
  const status = () => {
    made++;
    return { observedAtMs: made } as RotationStatus;
  };
  const recent = new CachedStatus({ monotonic: () => nowMs }, status);
  return {
    recent,
    pass: (ms: number) => {
      nowMs += ms;
    },
    made: () => made,
  };
}

test('the status is computed once for all requests within a second', () => {
  const { recent, pass, made } = start();
  const first = recent.now();
  pass(999);
  expect(recent.now()).toBe(first);
  expect(made()).toBe(1);
  pass(1);
  expect(recent.now()).not.toBe(first);
});

test('it is made again when something happened, and not for each value that is delivered', () => {
  const { recent, made } = start();
  recent.now();
  recent.observe({
    type: 'secret.delivered',
    secret: 'db',
    service: 'web',
    task: 't',
    provider: 'vault',
    revision: '1',
    source: 'cache',
    durationMs: 1,
    atMs: 0,
  });
  recent.now();
  expect(made()).toBe(1);
  recent.observe({ type: 'reconcile.completed', durationMs: 1, orchestratorAnswered: true, atMs: 0 });
  recent.now();
  expect(made()).toBe(2);
});
