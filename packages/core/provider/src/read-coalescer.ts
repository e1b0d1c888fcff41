import { type Clock, SingleFlight } from '@vault-swarm/kernel';
import { ProviderError } from './provider-error.ts';
import type { ReadOptions } from './secret-provider.ts';

/** The result of a read, and when the read started by the monotonic clock. */
export interface LocationRead<T> {
  readonly found: T;
  readonly readAtMs: number;
}

interface LatestRead<T> {
  /** The key of the flight. Each read has a new one. */
  readonly id: string;
  readonly readAtMs: number;
  found: T | undefined;
  forget: () => void;
}

/** A result is kept for this time for the other fields of the secret, which a task requests one after the other. */
const KEPT_MS = 2_000;

/**
 * Shares reads of a location between callers. A caller joins a read in flight. The result of a read is kept for a
 * moment, and serves callers whose `notBeforeMs` accepts it.
 */
export class ReadCoalescer<T> {
  readonly #clock: Clock;
  readonly #isWorthKeeping: (found: T) => boolean;
  readonly #flights = new SingleFlight<T>({ finish: false });
  /** By the location's key. */
  readonly #latest = new Map<string, LatestRead<T>>();
  #count = 0;

  /** @param isWorthKeeping whether another caller may need something of the result. */
  constructor(clock: Clock, isWorthKeeping: (found: T) => boolean) {
    this.#clock = clock;
    this.#isWorthKeeping = isWorthKeeping;
  }

  /**
   * Rejects as `work` does, or with `UNAVAILABLE` as soon as the caller's signal is aborted.
   * @param displayName the location, for that error.
   */
  async read(
    { key, displayName }: { readonly key: string; readonly displayName: string },
    { signal, notBeforeMs }: ReadOptions,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<LocationRead<T>> {
    const known = this.#latest.get(key);
    const isNewEnough = notBeforeMs === undefined ? known?.found === undefined : (known?.readAtMs ?? 0) >= notBeforeMs;
    const latest = known !== undefined && isNewEnough ? known : this.#start(key);
    const { readAtMs } = latest;
    if (latest.found !== undefined) return { found: latest.found, readAtMs };
    const found = await this.#flights.join(
      latest.id,
      signal,
      async (own) => {
        try {
          const result = await work(own);
          this.#end(key, latest, result);
          return result;
        } catch (error) {
          this.#drop(key, latest);
          throw error;
        }
      },
      () => new ProviderError('UNAVAILABLE', `${displayName}: the read was aborted`),
    );
    return { found, readAtMs };
  }

  /** Aborts reads in flight, and forgets their results. */
  close(): void {
    this.#flights.abortAll();
    for (const { forget } of this.#latest.values()) forget();
    this.#latest.clear();
  }

  #start(key: string): LatestRead<T> {
    this.#latest.get(key)?.forget();
    this.#count += 1;
    const started = {
      id: `${this.#count}`,
      readAtMs: this.#clock.monotonic(),
      found: undefined,
      forget: () => undefined,
    };
    this.#latest.set(key, started);
    return started;
  }

  #end(key: string, latest: LatestRead<T>, found: T): void {
    if (this.#latest.get(key) !== latest) return;
    if (!this.#isWorthKeeping(found)) {
      this.#latest.delete(key);
      return;
    }
    latest.found = found;
    latest.forget = this.#clock.after(KEPT_MS, () => this.#drop(key, latest));
  }

  #drop(key: string, latest: LatestRead<T>): void {
    if (this.#latest.get(key) === latest) this.#latest.delete(key);
  }
}
