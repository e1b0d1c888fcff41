import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { runSeeds } from '../cli/run-seeds.ts';
import type { HistoryResult } from './run-history.ts';
import { runHistory } from './run-history.ts';

const HISTORIES = 2_000;

/** Seeds that failed once, each with what was wrong then. They failed in the generator as it was, and may do nothing special by now. */
const REGRESSIONS: readonly (readonly [seed: number, what: string])[] = [];

test(`${HISTORIES} histories end with every task holding what it shall, and nothing rolled without a reason`, async () => {
  const failed: HistoryResult[] = [];
  await runSeeds({
    from: 0,
    count: HISTORIES,
    workers: availableParallelism(),
    onResult: (result) => {
      if (result.problems.length > 0) failed.push(result);
    },
  });
  const first = failed.toSorted((a, b) => a.seed - b.seed)[0];
  const seeds = failed.map(({ seed }) => seed).join(' ');
  expect(first?.problems ?? [], `failed: ${seeds}; the first:\n${first?.lines.join('\n')}`).toEqual([]);
});

test.each(REGRESSIONS)('seed %i is in order, in which %s', async (seed) => {
  expect((await runHistory({ seed })).problems).toEqual([]);
});
