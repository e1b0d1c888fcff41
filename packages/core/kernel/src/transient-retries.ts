import { jittered } from './backoff.ts';
import type { Clock, Random } from './platform-ports.ts';
import { sleep } from './sleep.ts';

/** The maximum number of retries of one call. */
const MAX_RETRIES = 2;
/** The backoff before the first retry, and the factor for the next one. Half of the backoff is fixed, half is random. */
const BACKOFF_MS = 150;
const BACKOFF_FACTOR = 3;
/** No retry starts later than this after the start of its call. */
const LATEST_RETRY_MS = 2_000;
/** The maximum number of retries that a provider gets after it went down, however many calls are in flight. */
const MAX_CREDIT = 16;

/** What an attempt of a call can report. */
export interface Attempt {
  /**
   * An attempt calls this before it ends, if the provider did not serve it. `mayRepeat` says that the failure may pass
   * within moments and that a repetition is safe. Returns whether there will be a retry. If so, the result of this
   * attempt is ignored.
   */
  readonly failed: (mayRepeat: boolean) => boolean;
}

/**
 * Retries calls to one provider after transient failures, with jitter: one bad answer is no outage.
 *
 * A provider that is down must not get a multiple of its load. So a retry costs a credit, an answer returns one credit,
 * and a call that failed for good removes all credits. A provider with problems gets one request for each call, until
 * it answers again.
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
   * Runs `attempt`, and repeats it while it fails transiently and there is credit. Ends as the last attempt does.
   * Rejects with the reason of `signal` if that is aborted between two attempts.
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
        // An aborted attempt does not show whether the provider works.
        if (hasFailed && !repeats && !signal.aborted) this.#credit = 0;
      }
      await sleep(this.#clock, backoffMs, signal);
    }
  }
}
