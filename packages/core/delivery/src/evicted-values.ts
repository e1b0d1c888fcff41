import type { Clock } from '@vault-swarm/kernel';
import type { SecretValue } from '@vault-swarm/provider';

/** A request that may have taken values from the cache, and how many turns had ended when it started. */
interface Holder {
  readonly turn: number;
}

/**
 * Wipes values that the cache dropped, once no request is left that may still hand one out.
 *
 * A request that started before the value was dropped may have it: until it ends, the value stays whole. So may one that started
 * afterwards in the same turn of the event loop, by joining a read: so a dropped value counts as dropped from the next
 * turn on.
 */
export class EvictedValues {
  readonly #clock: Pick<Clock, 'after'>;
  /** The one that started first is the first. */
  readonly #holders = new Set<Holder>();
  #fresh: SecretValue[] = [];
  /** By the turn from which on no request can get them any more, the earliest first. */
  readonly #waiting = new Map<number, readonly SecretValue[]>();
  #turn = 0;

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock;
  }

  /** Keeps values whole for a request until it has ended. Resolves or rejects as `work` does. */
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

  /** The cache no longer has this value. */
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
