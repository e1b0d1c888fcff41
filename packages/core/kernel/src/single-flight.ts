/** Work that several callers wait for. */
interface Flight<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * Joins concurrent calls with the same key. A caller whose signal is aborted leaves at once. The work is aborted when
 * the last caller has left, unless `finish` is true.
 */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>();
  readonly #finish: boolean;

  constructor({ finish }: { readonly finish: boolean }) {
    this.#finish = finish;
  }

  /** Rejects as `work` does, or with the error of `onAbort` as soon as `signal` is aborted. */
  join(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>, onAbort: () => Error): Promise<T> {
    if (signal.aborted) return Promise.reject(onAbort());
    const flight = this.#flights.get(key) ?? this.#start(key, work);
    flight.waiting++;
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        signal.removeEventListener('abort', abort);
        flight.waiting--;
      };
      const abort = () => {
        leave();
        if (flight.waiting === 0 && !this.#finish) this.#abort(key, flight);
        reject(onAbort());
      };
      signal.addEventListener('abort', abort, { once: true });
      flight.result.then(resolve, reject).finally(leave);
    });
  }

  /** Aborts all work in progress. */
  abortAll(): void {
    for (const [key, flight] of this.#flights) this.#abort(key, flight);
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const result = (async () => work(controller.signal))();
    const flight: Flight<T> = { result, controller, waiting: 0 };
    this.#flights.set(key, flight);
    const forget = () => this.#forget(key, flight);
    result.then(forget, forget);
    return flight;
  }

  #abort(key: string, flight: Flight<T>): void {
    this.#forget(key, flight);
    flight.controller.abort();
  }

  #forget(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
