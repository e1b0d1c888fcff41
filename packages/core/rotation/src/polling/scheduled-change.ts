/** When a value is read again that the provider itself replaces at a known time. Times are monotonic. */
export interface ScheduledChange {
  readonly againAtMs: number;
  /** The latest delay because the change was due and had not happened; `null` if it was not due. */
  readonly delayMs: number | null;
}

/** A change that is due within this time may not have happened for some seconds: providers replace values on a tick. */
const DUE_MS = 2_000;
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 10_000;

/**
 * Schedules the next read of a value, after a read at `nowMs` that said that it is replaced in `replacedInMs`. While the
 * change is due, the delay doubles each time.
 */
export function nextRead(before: ScheduledChange | null, replacedInMs: number, nowMs: number): ScheduledChange {
  if (replacedInMs > DUE_MS) return { againAtMs: nowMs + replacedInMs, delayMs: null };
  const delayMs = Math.min(MAX_DELAY_MS, 2 * (before?.delayMs ?? FIRST_DELAY_MS / 2));
  return { againAtMs: nowMs + delayMs, delayMs };
}
