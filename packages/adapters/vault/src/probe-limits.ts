import { displayText } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import type { KvLocation } from './kv.ts';

/** After so many failures in a row the rest of a pass is not asked for. */
const FAILURES_IN_A_ROW = 3;

/** What one pass of probes leaves out after failures, so that a server in trouble is not asked for each path. */
export class ProbeLimits {
  #failuresInARow = 0;
  #failure: ProviderError | undefined;
  /** By mount: a quota is one mount's, or all have the same answer soon. */
  readonly #throttled = new Map<string, ProviderError>();

  /** Why a path is not to be asked for; `null` where it is. */
  spared({ mount, displayName }: KvLocation): ProviderError | null {
    const tooMany = this.#failuresInARow >= FAILURES_IN_A_ROW ? this.#failure : undefined;
    const why = this.#throttled.get(mount) ?? tooMany;
    if (why === undefined) return null;
    const { code, message, retryAfterMs } = why;
    return new ProviderError(code, `${displayName}: not asked for in this pass, after ${displayText(message)}`, {
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }

  /** Takes over how an asked path was answered: an error, or `null`. */
  count({ mount }: KvLocation, error: ProviderError | null): void {
    if (error?.code === 'RATE_LIMITED') this.#throttled.set(mount, error);
    else if (error?.isOutage === true) {
      this.#failure = error;
      this.#failuresInARow++;
    } else this.#failuresInARow = 0;
  }
}
