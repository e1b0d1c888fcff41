import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';

/** How long to wait, and for what. */
export interface WaitOptions {
  /** Milliseconds after which waiting is given up. */
  readonly timeoutMs: number;
  /** Milliseconds between two looks; 100 if not given. */
  readonly intervalMs?: number;
  /** What is waited for, as the error says it: "every task to run". */
  readonly what: string;
}

/**
 * Looks until the condition gives something other than `false`, `null` or `undefined`, and resolves to that.
 *
 * A condition that throws does not hold yet. `see` notes the state that was checked; when the time is over the error
 * says what was waited for and the state (or the throw) seen last.
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
