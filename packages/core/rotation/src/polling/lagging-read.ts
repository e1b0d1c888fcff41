/** A ref whose reads give an older revision than is known of, as a replica does that lags behind. Times are monotonic. */
export interface LaggingRead {
  /** When the first such read ended. */
  readonly sinceMs: number;
  /** When it is read again. */
  readonly againAtMs: number;
  readonly delayMs: number;
  /** Of the probe before it, as in a finding. */
  readonly marker: string | null;
  readonly named: string | undefined;
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
  now: { readonly nowMs: number } & Pick<LaggingRead, 'marker' | 'named' | 'revision'>,
  jitter: number,
): LaggingRead {
  const delayMs = before === null ? FIRST_DELAY_MS : Math.min(MAX_DELAY_MS, 2 * before.delayMs);
  const { nowMs, ...rest } = now;
  const sinceMs = before?.sinceMs ?? nowMs;
  return { ...rest, sinceMs, delayMs, againAtMs: nowMs + delayMs * (1 - jitter / 2) };
}
