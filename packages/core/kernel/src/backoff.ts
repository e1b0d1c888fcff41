import type { Random } from './platform-ports.ts';

/**
 * How long to wait before the next attempt, in milliseconds: `firstMs`, doubled for each retry that was made already, at most
 * `maxMs`.
 */
export function backoffMs(firstMs: number, maxMs: number, retries: number): number {
  return Math.min(maxMs, firstMs * 2 ** retries);
}

/** A wait of which one half is fixed and the other random, so that many callers do not come back at the same moment. */
export function jittered(durationMs: number, random: Random): number {
  return durationMs * (0.5 + random.next() / 2);
}
