import type { Clock } from '@vault-swarm/kernel';
import type { SecretValue } from '@vault-swarm/provider';

/** A request that may hold values from the cache, and the turn of the event loop in which it started. */
interface Holder {
  readonly turn: number;
}

/**
 * Wipes values that the cache evicted, once no request can still return them.
 *
 * A request that started before the eviction may hold the value, so the value is not wiped until that request ends. A
 * request that started later in the same turn of the event loop may also hold it, because it joined a read. So an
 * eviction counts only from the next turn.
 */
export class EvictedValues {
  readonly #clock: Pick<Clock, 'after'>;
  /** The oldest first. */
  readonly #holders = new Set<Holder>();
  #fresh: SecretValue[] = [];
  /** By the first turn in which no new request can get them, the earliest first. */
  readonly #waiting = new Map<number, readonly SecretValue[]>();
  #turn = 0;

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  /** Runs `work`. Values that it may hold are not wiped until it ends. Resolves or rejects as `work` does. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const holder = { turn: this.#turn };
    this.#holders.add(holder);
    try {
      return await work();
    } finally {
      this.#holders.delete(holder);
      this.#wipe();
    }
  }

  /** Adds a value that the cache no longer holds. */
  add(value: SecretValue): void {
    if (this.#fresh.length === 0) this.#clock.after(0, () => this.#endTurn());
    this.#fresh.push(value);
  }

  #endTurn(): void {
    this.#turn += 1;
    this.#waiting.set(this.#turn, this.#fresh);
    this.#fresh = [];
    this.#wipe();
  }

  #wipe(): void {
    const [first] = this.#holders;
    for (const [turn, values] of this.#waiting) {
      if (first !== undefined && first.turn < turn) return;
      this.#waiting.delete(turn);
      for (const value of values) value.wipe();
    }
  }
}
