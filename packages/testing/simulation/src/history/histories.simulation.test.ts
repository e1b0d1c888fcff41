import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { runSeeds } from '../cli/run-seeds.ts';
import type { HistoryResult } from './run-history.ts';
import { runHistory } from './run-history.ts';

const HISTORIES = 2_000;

/** Seeds that failed once, each with what was wrong then. They failed in the generator as it was, and may do nothing special by now. */
const REGRESSIONS: readonly (readonly [seed: number, what: string])[] = [];

/** Seeds in which the core still goes wrong, and how. Each is to be taken out of here when it is mended. */
const OPEN: ReadonlyMap<number, string> = new Map([
  [1761, 'of two leaders one rolls and the other answers: what that one gave is not noted, and stays'],
  [1897, 'values are set aside though the tasks failed before the rollout for the same reason: a broken image'],
]);

test(`${HISTORIES} histories end with every task holding what it shall, and nothing rolled without a reason`, async () => {
  const failed: HistoryResult[] = [];
  await runSeeds({
    from: 0,
    count: HISTORIES,
    workers: availableParallelism(),
    onResult: (result) => {
      if (result.problems.length > 0 && !OPEN.has(result.seed)) failed.push(result);
    },
  });
  const first = failed.toSorted((a, b) => a.seed - b.seed)[0];
  const seeds = failed.map(({ seed }) => seed).join(' ');
  expect(first?.problems ?? [], `failed: ${seeds}; the first:\n${first?.lines.join('\n')}`).toEqual([]);
});

test.each(REGRESSIONS)('seed %i is in order, in which %s', async (seed) => {
  expect((await runHistory({ seed })).problems).toEqual([]);
});
