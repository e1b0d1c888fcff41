import type { Clock, ProductEvent } from '@vault-swarm/provider';

/** What a provider takes for its requests. */
export interface RequestPrice {
  readonly dollarsPerRequest: number;
  /** The operations that cost nothing. */
  readonly free: readonly string[];
}

const MINUTE_MS = 60_000;
const MINUTES = 60;
/** Of an average month. */
const HOURS_A_MONTH = 730;

/**
 * What requests to providers that take money for them would cost in a month, if they went on as in the last hour; before
 * there was an hour, as since the start, and at least a minute.
 */
export class RequestCosts {
  readonly #clock: Clock;
  readonly #prices: ReadonlyMap<string, RequestPrice>;
  readonly #startedAtMs: number;
  /** Requests that cost something, by provider: one number for each minute of the last hour. */
  readonly #counts: ReadonlyMap<string, number[]>;
  #minute: number;

  /** @param prices by the names of the providers that have one. */
  constructor(clock: Clock, prices: Readonly<Record<string, RequestPrice>>) {
    this.#clock = clock;
    this.#prices = new Map(Object.entries(prices));
    this.#startedAtMs = clock.monotonic();
    this.#counts = new Map(Object.keys(prices).map((name) => [name, new Array<number>(MINUTES).fill(0)]));
    this.#minute = this.#minuteNow();
  }

  /** To be called with every event. */
  observe(event: ProductEvent): void {
    if (event.type !== 'provider.requested') return;
    const counts = this.#counts.get(event.provider);
    if (counts === undefined || this.#prices.get(event.provider)?.free.includes(event.operation) === true) return;
    this.#forget();
    const index = this.#minute % MINUTES;
    counts[index] = (counts[index] ?? 0) + 1;
  }

  /** Dollars a month, for each provider that has a price. */
  dollarsPerMonth(): ReadonlyMap<string, number> {
    this.#forget();
    const sinceStartMs = this.#clock.monotonic() - this.#startedAtMs;
    const hours = Math.min(Math.max(sinceStartMs, MINUTE_MS), MINUTES * MINUTE_MS) / (MINUTES * MINUTE_MS);
    return new Map(
      [...this.#counts].map(([name, counts]) => {
        const requests = counts.reduce((sum, count) => sum + count, 0);
        return [name, (requests / hours) * HOURS_A_MONTH * (this.#prices.get(name)?.dollarsPerRequest ?? 0)];
      }),
    );
  }

  /** Empties the minutes that are over for an hour. */
  #forget(): void {
    const now = this.#minuteNow();
    for (let minute = Math.max(this.#minute + 1, now - MINUTES + 1); minute <= now; minute++) {
      for (const counts of this.#counts.values()) counts[minute % MINUTES] = 0;
    }
    this.#minute = now;
  }

  #minuteNow(): number {
    return Math.floor((this.#clock.monotonic() - this.#startedAtMs) / MINUTE_MS);
  }
}
