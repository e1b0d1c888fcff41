import type { SecretRequest, SecretResponse, SecretSource } from '@vault-swarm/delivery';
import type { Clock } from '@vault-swarm/kernel';

/** Who asked while something was loaded is heard only when the event loop has turned a few times. */
const HEAR_MS = 20;

/** Knows which requests wait for their answer, so that what can wait is not loaded before they have it. */
export class InFlightRequests implements SecretSource {
  readonly #source: SecretSource;
  readonly #clock: Clock;
  readonly #inFlight = new Set<Promise<unknown>>();
  #isSettled = false;

  constructor(source: SecretSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  get(request: SecretRequest, receivedAtMs?: number): Promise<SecretResponse> {
    const answer = this.#source.get(request, receivedAtMs);
    if (this.#isSettled) return answer;
    this.#inFlight.add(answer);
    void answer.finally(() => this.#inFlight.delete(answer));
    return answer;
  }

  /**
   * Resolves when those who have asked so far are answered, at the latest after `longestMs`; who comes later is not waited
   * for. Call it once. Takes some milliseconds also where nobody waits: requests that have arrived may not have been read yet.
   */
  async settled(maxMs: number): Promise<void> {
    await this.#within(HEAR_MS, new Promise(() => undefined));
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
