import { afterAll, expect, test } from 'vitest';
import { HistoryPool } from '../pool/history-pool.ts';
import { REGRESSIONS, REGRESSIONS_OF_KINDS } from './kept-seeds.ts';
import { PROBE_KINDS, PROCESS_KINDS, RESTART_KINDS, UPDATE_KINDS } from './kinds.ts';
import { type AllowanceCounts, addCounts, grownAllowances } from './tolerated-anomalies.ts';

const HISTORIES = 2_000;

/** The kept seeds are older than these. */
const LATER_KINDS = [...PROCESS_KINDS, ...PROBE_KINDS];

const pool = new HistoryPool();

afterAll(() => pool.close());

test(`${HISTORIES} histories end with every task holding what it shall, and nothing rolled without a reason`, async () => {
  const results = await Promise.all(Array.from({ length: HISTORIES }, (_, seed) => pool.run({ seed })));
  const failed = results.filter(({ problems }) => problems.length > 0);
  const seeds = failed.map(({ seed }) => seed).join(' ');
  expect(failed[0]?.problems ?? [], `failed: ${seeds}; the first:\n${failed[0]?.lines.join('\n')}`).toEqual([]);
  const used: AllowanceCounts = {};
  for (const { allowances } of results) addCounts(used, allowances);
  expect(grownAllowances(used, HISTORIES)).toEqual([]);
});

test.concurrent.each(REGRESSIONS)('seed %i is in order, in which %s', async (seed) => {
  expect((await pool.run({ seed, without: [...UPDATE_KINDS, ...RESTART_KINDS, ...LATER_KINDS] })).problems).toEqual([]);
});

test.concurrent.each(REGRESSIONS_OF_KINDS)('seed %i is in order, in which %s', async (seed, _what, kinds) => {
  expect((await pool.run({ seed, ...(kinds === null ? { without: LATER_KINDS } : { kinds }) })).problems).toEqual([]);
});
