import { jittered } from './backoff.ts';
import type { Clock, Random } from './platform-ports.ts';
import { sleep } from './sleep.ts';

/** How often one call is repeated at most. */
const MAX_RETRIES = 2;
/** Before the first one, and the factor for the next: half of it is fixed, the other half random. */
const BACKOFF_MS = 150;
const BACKOFF_FACTOR = 3;
/** No retry starts later than this after its call did. */
const LATEST_RETRY_MS = 2_000;
/** The most requests that a provider gets for retries after it went down, whatever number of calls are on their way. */
const MAX_CREDIT = 16;

/** What one attempt of a call can report. */
export interface Attempt {
  /**
   * To be called by an attempt that the provider did not serve, before it ends. `mayRepeat` says whether that may pass within
   * moments, and nothing is done twice by a repetition. Returns whether there will be one: then how this attempt ends counts for
   * nothing.
   */
  readonly failed: (mayRepeat: boolean) => boolean;
}

/**
 * Repeats calls to one provider that failed in passing, with jitter: one bad answer is no outage.
 *
 * A provider that is down does not get a multiple of its load. A retry costs a credit, an answer gives one back, and a call that
 * failed for good loses all of them. So a provider in trouble is asked once for each call, until it has answered again.
 */
export class TransientRetries {
  readonly #clock: Clock;
  readonly #random: Random;
  #credit = MAX_CREDIT;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Runs `attempt`, and again while it fails in passing and there is credit for that. Ends as the last attempt does;
   * rejects with the reason of `signal` where that is aborted between two attempts.
   */
  async run<T>(signal: AbortSignal, attempt: (attempt: Attempt) => Promise<T>): Promise<T> {
    const startedAtMs = this.#clock.monotonic();
    for (let retries = 0; ; retries++) {
      const backoffMs = jittered(BACKOFF_MS * BACKOFF_FACTOR ** retries, this.#random);
      let hasFailed = false;
      let repeats = false;
      const failed = (mayRepeat: boolean) => {
        hasFailed = true;
        const inTime = this.#clock.monotonic() + backoffMs - startedAtMs <= LATEST_RETRY_MS;
        repeats = mayRepeat && retries < MAX_RETRIES && this.#credit > 0 && inTime && !signal.aborted;
        if (repeats) this.#credit--;
        return repeats;
      };
      try {
        const result = await attempt({ failed });
        if (!repeats) {
          if (!hasFailed) this.#credit = Math.min(this.#credit + 1, MAX_CREDIT);
          return result;
        }
      } catch (error) {
        if (!repeats) throw error;
      } finally {
        // An attempt that was aborted says nothing about the provider.
        if (hasFailed && !repeats && !signal.aborted) this.#credit = 0;
      }
      await sleep(this.#clock, backoffMs, signal);
    }
  }
}
