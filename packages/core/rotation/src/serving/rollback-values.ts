import { type Clock, withDeadline } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import type { Availability } from '../planner/service-state.ts';
import type { ValueCache } from '../ports/value-cache.ts';
import type { PinnedRevisions } from './revision-selector.ts';

const CALL_DEADLINE_MS = 10_000;
const AGAIN_AFTER_MS = 1_000;

interface Recall {
  state: Availability;
  /** When it was last tried, in monotonic milliseconds; `null` during a try. */
  triedAtMs: number | null;
}

/**
 * Keeps the values available that tasks may need again: those that open rollouts replace, and those delivered instead
 * of quarantined ones. Every manager fetches them in the background, so that the next leader has them. Nothing waits
 * for a provider that hangs.
 */
export class RollbackValues {
  readonly #values: ValueCache;
  readonly #clock: Clock;
  readonly #onNews: () => void;
  readonly #stopping = new AbortController();
  #recalls = new Map<string, Recall>();

  /** @param onNews is called when the availability of a value becomes known. */
  constructor(values: ValueCache, clock: Clock, onNews: () => void) {
    this.#values = values;
    this.#clock = clock;
    this.#onNews = onNews;
  }

  /** Keeps exactly these revisions from now on, by ref key. Starts to fetch those that are not available. */
  keep(named: ReadonlyMap<string, PinnedRevisions>): void {
    this.#values.pin(new Map([...named].map(([key, { revisions }]) => [key, revisions])));
    const before = this.#recalls;
    this.#recalls = new Map();
    for (const [key, { ref, revisions }] of named) {
      for (const revision of revisions) {
        const id = idOf(key, revision);
        const recall = before.get(id) ?? { state: 'unknown', triedAtMs: Number.NEGATIVE_INFINITY };
        this.#recalls.set(id, recall);
        if (recall.state === 'unknown' && this.#mayTry(recall)) void this.#try(recall, ref, revision);
      }
    }
  }

  /** Forgets the availability of all values: it may have changed, and is determined again. */
  reset(): void {
    this.#recalls = new Map();
  }

  /** Whether a value can be delivered again; `unknown` also for a value that was never passed to `keep`. */
  availability(refKey: string, revision: string): Availability {
    return this.#recalls.get(idOf(refKey, revision))?.state ?? 'unknown';
  }

  /** Cancels the fetches in flight. */
  close(): void {
    this.#stopping.abort(new Error('stopped'));
  }

  #mayTry({ triedAtMs }: Recall): boolean {
    return triedAtMs !== null && this.#clock.monotonic() - triedAtMs >= AGAIN_AFTER_MS;
  }

  async #try(recall: Recall, ref: PinnedRevisions['ref'], revision: string): Promise<void> {
    recall.triedAtMs = null;
    try {
      const isAvailable = await withDeadline(this.#clock, CALL_DEADLINE_MS, this.#stopping.signal, (signal) =>
        this.#values.ensureCached(ref, revision, { signal }),
      );
      recall.state = isAvailable ? 'available' : 'unavailable';
      this.#onNews();
    } catch (error) {
      // If the provider does not answer, its watcher reports that. If the error is permanent, the value is lost.
      if (error instanceof ProviderError && !error.retryable) recall.state = 'unavailable';
    }
    recall.triedAtMs = this.#clock.monotonic();
  }
}

function idOf(refKey: string, revision: string): string {
  return `${refKey} ${revision}`;
}
