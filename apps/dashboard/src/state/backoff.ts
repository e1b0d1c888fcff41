const LADDER_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];

/**
 * The wait before the next attempt, after `failures` in a row (1 or more): 1 s to 30 s, minus up to a quarter, so
 * that many pages do not connect at the same moment.
 *
 * @param random between 0 and 1
 */
export function backoffMs(failures: number, random: number): number {
  const step = LADDER_MS[Math.min(failures, LADDER_MS.length) - 1] ?? 1_000;
  return Math.round(step * (1 - random / 4));
}
