/** A ref whose reads give an older revision than is known of, as a replica does that lags behind. Times are monotonic. */
export interface LaggingRead {
  /** When the first such read ended. */
  readonly sinceMs: number;
  /** When it is read again. */
  readonly againAtMs: number;
  readonly delayMs: number;
  /** The marker of the probe before the first such read: nothing changed since as long as probes give the same. */
  readonly marker: string | null;
  /** What the latest read gave; `null` if that was no value. */
  readonly revision: string | null;
}

/** The first repetition comes soon, since most replicas lag by less than a second. */
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 10_000;

/**
 * The same ref was read at `nowMs`, and lags still: each time the next read comes after twice the time.
 *
 * @param jitter from 0 to 1: up to half of the time is left out.
 */
export function lagsStill(
  before: LaggingRead | null,
  { nowMs, marker, revision }: { readonly nowMs: number } & Pick<LaggingRead, 'marker' | 'revision'>,
  jitter: number,
): LaggingRead {
  const delayMs = before === null ? FIRST_DELAY_MS : Math.min(MAX_DELAY_MS, 2 * before.delayMs);
  const sinceMs = before?.sinceMs ?? nowMs;
  return { sinceMs, againAtMs: nowMs + delayMs * (1 - jitter / 2), delayMs, marker, revision };
}
