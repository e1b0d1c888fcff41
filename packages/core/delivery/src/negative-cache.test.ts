import type { Clock } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { NegativeCache } from './negative-cache.ts';

const clock: Clock = { now: () => 0, monotonic: () => 0, after: () => () => undefined };
const refusal = new ProviderError('NOT_FOUND', 'there is no such secret');

test('caches the latest errors, however many different refs are requested', () => {
  const refusals = new NegativeCache(clock, 1_000);
  for (let index = 0; index < 20_000; index++) refusals.add(`ref ${index}`, refusal, 0);
  expect(refusals.get('ref 19999')).toBe(refusal);
  expect(refusals.get('ref 10000')).toBe(refusal);
  expect(refusals.get('ref 9999')).toBeUndefined();
});

test('remembers no more of refs with long labels than a few megabytes of their keys', () => {
  const refusals = new NegativeCache(clock, 1_000);
  const key = (index: number) => `${index} `.padEnd(16_000, 'a');
  for (let index = 0; index < 1_000; index++) refusals.add(key(index), refusal, 0);
  expect(refusals.get(key(999))).toBe(refusal);
  expect(refusals.get(key(700))).toBeUndefined();
});
