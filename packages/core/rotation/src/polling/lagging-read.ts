/**
 * A ref whose reads return an older revision than the newest known one, for example from a lagging replica. Times are
 * monotonic.
 */
export interface LaggingRead {
  /** When the first such read ended. */
  readonly sinceMs: number;
  /** When it is read again. */
  readonly againAtMs: number;
  readonly delayMs: number;
  /** The marker of the probe before the read, as in a finding. */
  readonly marker: string | null;
  readonly named: string | undefined;
  /** The revision that the latest read returned; `null` if it returned no value. */
  readonly revision: string | null;
}

/** The first repetition comes soon, since most replicas lag by less than a second. */
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 10_000;

/**
 * Updates the state of a ref that was read at `nowMs` and still lags. The delay until the next read doubles each time.
 *
 * @param jitter from 0 to 1: shortens the delay by up to half.
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
