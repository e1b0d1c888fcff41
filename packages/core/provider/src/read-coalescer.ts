import { type Clock, SingleFlight } from '@vault-swarm/kernel';
import type { ReadOptions } from './secret-provider.ts';

/** What a read found, and when it started by the monotonic clock. */
export interface LocationRead<T> {
  readonly found: T;
  readonly readAtMs: number;
}

interface LatestRead<T> {
  /** Of the flight: a new one for each read. */
  readonly id: string;
  readonly readAtMs: number;
  found: T | undefined;
  forget: () => void;
}

/** What was found is available for so long, for the other fields of it: a task asks for them one after the other. */
const KEPT_MS = 2_000;

/**
 * Reads of locations, shared by all who want something of the same one: one that is in progress is joined, and what it found
 * serves for a moment those who say that it is new enough for them.
 */
export class ReadCoalescer<T> {
  readonly #clock: Clock;
  readonly #isWorthKeeping: (found: T) => boolean;
  readonly #flights = new SingleFlight<T>({ finish: false });
  /** By the location's key. */
  readonly #latest = new Map<string, LatestRead<T>>();
  #count = 0;

  /** @param isWorthKeeping whether somebody else may want something of what was found. */
  constructor(clock: Clock, isWorthKeeping: (found: T) => boolean) {
    this.#clock = clock;
    this.#isWorthKeeping = isWorthKeeping;
  }

  /** Rejects as `work` does, or with what `onAbort` makes as soon as the caller's signal is aborted. */
  async read(
    key: string,
    { signal, notBeforeMs }: ReadOptions,
    work: (signal: AbortSignal) => Promise<T>,
    onAbort: () => Error,
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
      onAbort,
    );
    return { found, readAtMs };
  }

  /** Cuts off what is in progress, and forgets what was found. */
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
