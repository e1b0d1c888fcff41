import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { runSeeds } from '../cli/run-seeds.ts';
import type { HistoryResult } from './run-history.ts';
import { runHistory } from './run-history.ts';

const HISTORIES = 2_000;

/** Seeds that failed once, each with what was wrong then. They failed in the generator as it was, and may do nothing special by now. */
const REGRESSIONS: readonly (readonly [seed: number, what: string])[] = [
  [41, 'a secret whose path label was new counted as current'],
  [60, 'an intent that was out of date was carried out, and followed by the next at once'],
  [408, "a user's own update that Swarm had not taken up yet was rolled over"],
  [589, 'values were set aside for what another manager had given'],
  [937, 'the tasks of a broken deploy were taken to run, since they did for a moment'],
  [1391, 'values were set aside for another secret that had changed during their rollout'],
  [1542, 'failed tasks that Swarm had forgotten made a rollback seem to be made by hand'],
  [2007, 'a revision of the same bytes that no look had seen counted as another value'],
  [2462, 'an update that Swarm had nothing to do for was resumed for ever'],
];

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
