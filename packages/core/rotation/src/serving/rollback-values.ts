import { type Clock, withDeadline } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import type { Availability } from '../planner/service-state.ts';
import type { ValueCache } from '../ports/value-cache.ts';
import type { PinnedRevisions } from './revision-selector.ts';

const CALL_DEADLINE_MS = 10_000;
const AGAIN_AFTER_MS = 1_000;

interface Recall {
  state: Availability;
  /** When it was last tried, in monotonic milliseconds; `null` while it is being tried. */
  triedAtMs: number | null;
}

/**
 * Keeps the values available that tasks may have to be given again: those that open rollouts replace, and those that are
 * given instead of quarantined values. They are fetched in the background, on every manager, so that whichever leads next
 * has them; nothing waits for a provider that hangs.
 */
export class RollbackValues {
  readonly #values: ValueCache;
  readonly #clock: Clock;
  readonly #onNews: () => void;
  readonly #stopping = new AbortController();
  #recalls = new Map<string, Recall>();

  /** @param onNews is called when more is known of a value. */
  constructor(values: ValueCache, clock: Clock, onNews: () => void) {
    this.#values = values;
    this.#clock = clock;
    this.#onNews = onNews;
  }

  /** From now on exactly these are kept, by ref key. Starts to fetch those that are not available. */
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

  /** What is known of the values may no longer be so: all of it is found out again. */
  reset(): void {
    this.#recalls = new Map();
  }

  /** Whether a value can be given again; `unknown` also for one that was never asked to be kept. */
  availability(refKey: string, revision: string): Availability {
    return this.#recalls.get(idOf(refKey, revision))?.state ?? 'unknown';
  }

  /** Cuts off what is being fetched. */
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
      // The provider does not answer, which its own watch tells; or it never will.
      if (error instanceof ProviderError && !error.retryable) recall.state = 'unavailable';
    }
    recall.triedAtMs = this.#clock.monotonic();
  }
}

function idOf(refKey: string, revision: string): string {
  return `${refKey} ${revision}`;
}
