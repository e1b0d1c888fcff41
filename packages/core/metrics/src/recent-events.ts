import type { TimedEvent } from '@vault-swarm/provider';

/**
 * The latest events, for the event list. A storm of one kind pushes out only its own: each kind has room for
 * `capacity` events, so that the last rollout is still there after ten thousand deliveries.
 */
export class RecentEvents {
  readonly #capacity: number;
  readonly #byType = new Map<TimedEvent['type'], { readonly ring: Numbered[]; next: number }>();
  #number = 0;

  /** @param capacity how many events are kept of each kind, and given by {@link list} in all. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Keeps `event`. */
  observe(event: TimedEvent): void {
    let kept = this.#byType.get(event.type);
    if (kept === undefined) {
      kept = { ring: [], next: 0 };
      this.#byType.set(event.type, kept);
    }
    kept.ring[kept.next] = { number: this.#number++, event };
    kept.next = (kept.next + 1) % this.#capacity;
  }

  /** The latest events of the kinds that `wanted` takes, the newest first, in the order of their emission. */
  list(wanted: (type: TimedEvent['type']) => boolean = () => true): readonly TimedEvent[] {
    return [...this.#byType]
      .flatMap(([type, { ring }]) => (wanted(type) ? ring : []))
      .sort((a, b) => b.number - a.number)
      .slice(0, this.#capacity)
      .map(({ event }) => event);
  }
}

interface Numbered {
  readonly number: number;
  readonly event: TimedEvent;
}
