import { describe, expect, test } from 'vitest';
import { errorRate, RotationCounters } from './rotation-counters.ts';

test('a completed rollout is one rotation, a failed one is one error, and nothing else counts', () => {
  const counters = new RotationCounters();
  const rollout = { service: 'web', secrets: ['db', 'api'] };
  counters.observe({ type: 'rollout.started', ...rollout, generation: 2 });
  counters.observe({ type: 'rollout.completed', ...rollout, generation: 2, durationMs: 5 });
  counters.observe({ type: 'rollout.failed', ...rollout, reason: 'stuck', message: '' });
  counters.observe({ type: 'rollout.failed', ...rollout, reason: 'rolled-back', message: '' });
  counters.observe({ type: 'provider.failed', provider: 'vault', code: 'UNAVAILABLE', message: '' });
  expect([counters.rotations, counters.errors]).toEqual([1, 2]);
});

describe('the error rate', () => {
  test.each([
    [42, 2, 4.76],
    [0, 0, 0],
    [5, 0, 0],
    [0, 1, 100],
    [1, 1, 100],
    [1, 3, 100],
    [3, 1, 33.33],
    [3, 2, 66.67],
    [1_000_000, 1, 0],
    [8, 1, 12.5],
  ])('of %i rotations and %i errors is %d', (rotations, errors, rate) => {
    expect(errorRate(rotations, errors)).toBe(rate);
  });
});
