import type { Clock } from '@vault-swarm/kernel';
import type { ProductEvent, RequestPrice } from '@vault-swarm/provider';

/** The requests of a month and their cost, projected from the last hour. */
export interface MonthOfRequests {
  readonly requests: number;
  /** `null` if the provider has no price. */
  readonly dollars: number | null;
}

const MINUTE_MS = 60_000;
const MINUTES = 60;
/** The hours of an average month. */
const HOURS_A_MONTH = 730;

/**
 * Projects the requests to providers, and their cost, from the last hour to a month. In the first hour, it uses the
 * time since the start, but at least a minute.
 */
export class RequestCosts {
  readonly #clock: Clock;
  readonly #prices: ReadonlyMap<string, RequestPrice | null>;
  readonly #startedAtMs: number;
  /**
   * The requests of each minute of the last hour, by provider. Operations that are free at a provider with a price are
   * not counted.
   */
  readonly #counts: ReadonlyMap<string, number[]>;
  #minute: number;

  /** @param prices by the names of all providers; `null` if a provider has no price. */
  constructor(clock: Clock, prices: Readonly<Record<string, RequestPrice | null>>) {
    this.#clock = clock;
    this.#prices = new Map(Object.entries(prices));
    this.#startedAtMs = clock.monotonic();
    this.#counts = new Map(Object.keys(prices).map((name) => [name, new Array<number>(MINUTES).fill(0)]));
    this.#minute = this.#minuteNow();
  }

  /** Call this with every event. */
  observe(event: ProductEvent): void {
    if (event.type !== 'provider.request-completed') return;
    const counts = this.#counts.get(event.provider);
    if (counts === undefined || this.#prices.get(event.provider)?.free.includes(event.operation) === true) return;
    this.#forget();
    const index = this.#minute % MINUTES;
    counts[index] = (counts[index] ?? 0) + 1;
  }

  /** By the provider's name. */
  perMonth(): ReadonlyMap<string, MonthOfRequests> {
    this.#forget();
    const sinceStartMs = this.#clock.monotonic() - this.#startedAtMs;
    const hours = Math.min(Math.max(sinceStartMs, MINUTE_MS), MINUTES * MINUTE_MS) / (MINUTES * MINUTE_MS);
    return new Map(
      [...this.#counts].map(([name, counts]) => {
        const requests = (counts.reduce((sum, count) => sum + count, 0) / hours) * HOURS_A_MONTH;
        const price = this.#prices.get(name) ?? null;
        return [name, { requests, dollars: price === null ? null : requests * price.dollarsPerRequest }];
      }),
    );
  }

  /** Resets the minutes that ended more than an hour ago. */
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
