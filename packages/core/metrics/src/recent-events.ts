import type { TimedEvent } from '@vault-swarm/provider';

/** An event of the list. Its number is greater than that of every event before it. */
export type NumberedEvent = TimedEvent & { readonly id: number };

/** Which events are asked for. */
export interface RecentEventsQuery {
  /** Only those with a smaller number. */
  readonly before?: number;
  /** Only those with a greater number. */
  readonly after?: number;
  /** At most so many, the newest; never more than are kept of one kind. */
  readonly limit?: number;
}

/**
 * The latest events, for the event list. A storm of one kind pushes out only its own: each kind has room for
 * `capacity` events, so that the last rollout is still there after ten thousand deliveries.
 */
export class RecentEvents {
  readonly #capacity: number;
  readonly #byType = new Map<TimedEvent['type'], { readonly ring: NumberedEvent[]; next: number }>();
  readonly #listeners = new Set<(event: NumberedEvent) => void>();
  #nextId: number;

  /**
   * @param capacity how many events are kept of each kind, and given by {@link list} in all.
   * @param firstId the number of the first event. One that is greater than all of an earlier process lets a reader who
   * knows that process's last number ask for all that happened since.
   */
  constructor(capacity: number, firstId = 0) {
    this.#capacity = capacity;
    this.#nextId = firstId;
  }

  /** Keeps `event`, and tells it to who listens. */
  observe(event: TimedEvent): void {
    let kept = this.#byType.get(event.type);
    if (kept === undefined) {
      kept = { ring: [], next: 0 };
      this.#byType.set(event.type, kept);
    }
    const numbered = { ...event, id: this.#nextId++ };
    kept.ring[kept.next] = numbered;
    kept.next = (kept.next + 1) % this.#capacity;
    for (const listener of this.#listeners) listener(numbered);
  }

  /** Calls `listener`, which must not throw, with every event from now on, until the returned function is called. */
  subscribe(listener: (event: NumberedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The latest events of the kinds that `wanted` takes, the newest first, in the order of their emission. */
  list(
    wanted: (type: TimedEvent['type']) => boolean = () => true,
    { before = Number.POSITIVE_INFINITY, after = -1, limit = this.#capacity }: RecentEventsQuery = {},
  ): readonly NumberedEvent[] {
    return [...this.#byType]
      .flatMap(([type, { ring }]) => (wanted(type) ? ring : []))
      .filter(({ id }) => id < before && id > after)
      .sort((a, b) => b.id - a.id)
      .slice(0, Math.min(limit, this.#capacity));
  }
}
