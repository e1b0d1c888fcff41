import type { Random } from './platform-ports.ts';

/** The backoff before the next attempt, in milliseconds: `firstMs`, doubled for each retry so far, at most `maxMs`. */
export function backoffMs(firstMs: number, maxMs: number, retries: number): number {
  return Math.min(maxMs, firstMs * 2 ** retries);
}

/** Adds jitter to a wait: one half is fixed, the other half is random. So many callers do not retry at the same moment. */
export function jittered(durationMs: number, random: Random): number {
  return durationMs * (0.5 + random.next() / 2);
}
