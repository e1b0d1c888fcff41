import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';

/** How long to wait, and what for. */
export interface WaitOptions {
  /** Milliseconds until the wait fails. */
  readonly timeoutMs: number;
  /** Milliseconds between two checks; 100 if not given. */
  readonly intervalMs?: number;
  /** What to wait for, as the error names it: "every task to run". */
  readonly what: string;
}

/**
 * Checks a condition until it returns something other than `false`, `null` or `undefined`, and resolves to that.
 *
 * A condition that throws is not met yet. The condition passes the state that it checked to `see`.
 *
 * @throws after `timeoutMs`, with what it waited for and the last state or error.
 */
export async function waitFor<T>(
  condition: (see: (state: unknown) => void) => T | Promise<T>,
  { timeoutMs, intervalMs = 100, what }: WaitOptions,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + timeoutMs;
  let seen: unknown = 'nothing';
  const see = (state: unknown) => {
    seen = state;
  };
  for (;;) {
    try {
      const result = await condition(see);
      if (result !== false && result !== null && result !== undefined) {
        return result as Exclude<T, false | null | undefined>;
      }
    } catch (error) {
      seen = error instanceof Error ? error.message : error;
    }
    if (performance.now() >= deadline) break;
    await delay(intervalMs);
  }
  const state = typeof seen === 'string' ? seen : inspect(seen, { depth: 5, breakLength: 120 });
  throw new Error(`waited ${timeoutMs / 1000} s for ${what}; last seen: ${state}`);
}
