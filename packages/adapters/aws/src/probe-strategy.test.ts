import { expect, test } from 'vitest';
import { cheapestStrategy, type ProbeStrategy } from './probe-strategy.ts';

const none: ReadonlySet<ProbeStrategy> = new Set();

test.for([
  [1, undefined, [], 'describe'],
  [2, undefined, [], 'list'],
  [100, undefined, [], 'list'],
  [1_000, undefined, [], 'list'],
  // The account has many more secrets than the Swarm uses.
  [3, 20, [], 'describe'],
  [10, 20, [], 'batch'],
  [100, 5, [], 'list'],
  [100, 6, [], 'batch'],
  [5, undefined, ['list'], 'describe'],
  [6, undefined, ['list'], 'batch'],
  [100, undefined, ['list'], 'batch'],
  [100, undefined, ['list', 'batch'], 'describe'],
  [1, undefined, ['list', 'batch', 'describe'], undefined],
] as const)('%d secrets, a list of %s pages, without %j: %s', ([count, listPages, without, expected]) => {
  expect(cheapestStrategy({ count, listPages, without: new Set<ProbeStrategy>(without) })).toBe(expected);
  expect(cheapestStrategy({ count: 1, listPages: undefined, without: none })).toBe('describe');
});
