import type { Clock } from '@vault-swarm/kernel';

/** Each key is due once in this time: slightly less than an hour, because polls are not exact to the second. */
const ROUND_MS = 58 * 60_000;

interface Turn {
  nextAtMs: number;
  turns: number;
}

/**
 * Spreads reads of unchanged values evenly over an hour. A probe does not show whether the plugin may still read a
 * value, so each value is read once an hour: its number of turns is a part of its marker.
 */
export class RereadSchedule {
  readonly #clock: Clock;
  #turns = new Map<string, Turn>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Call it with each probe, with all keys that are in use. Other keys are forgotten. */
  advance(keys: readonly string[]): void {
    const nowMs = this.#clock.monotonic();
    const before = this.#turns;
    this.#turns = new Map();
    for (const [index, key] of keys.entries()) {
      const turn = before.get(key) ?? { nextAtMs: nowMs + (ROUND_MS * (index + 1)) / keys.length, turns: 0 };
      if (nowMs >= turn.nextAtMs) {
        turn.turns += 1;
        turn.nextAtMs = nowMs + ROUND_MS;
      }
      this.#turns.set(key, turn);
    }
  }

  /** How often a key was due so far. */
  turnsOf(key: string): number {
    return this.#turns.get(key)?.turns ?? 0;
  }
}
