import type { Clock } from '@vault-swarm/kernel';
import type { SecretRequest, SecretResponse, SecretSource } from './request.ts';

/** Requests that arrived while a part was loaded are read only after a few turns of the event loop. */
const READ_WAIT_MS = 20;

/** Tracks requests in flight, so that less urgent parts are loaded after they are answered. */
export class InFlightRequests implements SecretSource {
  readonly #source: SecretSource;
  readonly #clock: Clock;
  readonly #inFlight = new Set<Promise<unknown>>();
  #isSettled = false;

  constructor(source: SecretSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /** Passes the request to the source. */
  get(request: SecretRequest, receivedAtMs?: number): Promise<SecretResponse> {
    const answer = this.#source.get(request, receivedAtMs);
    if (this.#isSettled) return answer;
    this.#inFlight.add(answer);
    void answer.finally(() => this.#inFlight.delete(answer));
    return answer;
  }

  /**
   * Resolves when the requests so far are answered, and after `maxMs` at the latest. Later requests are not waited
   * for. Call it once. It takes some milliseconds even without requests, because arrived ones may not have been read
   * yet.
   */
  async settled(maxMs: number): Promise<void> {
    await this.#within(READ_WAIT_MS, new Promise(() => undefined));
    this.#isSettled = true;
    await this.#within(maxMs, Promise.all(this.#inFlight));
  }

  async #within(ms: number, done: Promise<unknown>): Promise<void> {
    const tooLate = Promise.withResolvers<void>();
    const cancel = this.#clock.after(ms, tooLate.resolve);
    await Promise.race([done, tooLate.promise]);
    cancel();
  }
}
