import { expect, test } from 'vitest';
import { LeaseRun } from './lease-run.ts';

const RUNS = Number(process.env.LEASE_RUNS ?? 60);
const FROM = Number(process.env.LEASE_SEED ?? 0);

test.each(Array.from({ length: RUNS }, (_, index) => FROM + index))('promise 8 holds in run %i', async (seed) => {
  const { problems, lines, issued } = await new LeaseRun(seed).execute();
  expect(problems, lines.slice(-80).join('\n')).toEqual([]);
  expect(issued).toBeGreaterThan(0);
});
