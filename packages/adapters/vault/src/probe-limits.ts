import { displayText } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import type { KvLocation } from './kv.ts';

/** After this many failures in a row, the rest of a poll is skipped. */
const FAILURES_IN_A_ROW = 3;

/** Skips requests of one poll after failures, so that a failing server does not get a request for each path. */
export class ProbeLimits {
  #failuresInARow = 0;
  #failure: ProviderError | undefined;
  /** By mount: a quota applies to one mount, or soon to all. */
  readonly #throttled = new Map<string, ProviderError>();

  /** Why a path is to be skipped; `null` if it is not. */
  spared({ mount, displayName }: KvLocation): ProviderError | null {
    const tooMany = this.#failuresInARow >= FAILURES_IN_A_ROW ? this.#failure : undefined;
    const why = this.#throttled.get(mount) ?? tooMany;
    if (why === undefined) return null;
    const { code, message, retryAfterMs } = why;
    return new ProviderError(code, `${displayName}: skipped in this poll, after ${displayText(message)}`, {
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }

  /** Records the result of a request: an error, or `null`. */
  count({ mount }: KvLocation, error: ProviderError | null): void {
    if (error?.code === 'RATE_LIMITED') this.#throttled.set(mount, error);
    else if (error?.isOutage === true) {
      this.#failure = error;
      this.#failuresInARow++;
    } else this.#failuresInARow = 0;
  }
}
