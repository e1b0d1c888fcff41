import { Listeners } from '@vault-swarm/kernel';
import type { Events, TimedEvent } from '@vault-swarm/provider';

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

/** How much is kept, and where the numbers start. */
export interface RecentEventsOptions {
  /** How many events are kept of each kind, and given by {@link RecentEvents.list} in all; 500 if not given. */
  readonly capacity?: number;
  /** How many bytes the events of each kind may take, as estimated; 512 KiB if not given. */
  readonly maxBytes?: number;
  /**
   * The number of the first event. One that is greater than all of an earlier process lets a reader who knows that
   * process's last number ask for all that happened since.
   */
  readonly firstId?: number;
}

interface Kept {
  /** The oldest first. */
  readonly events: { readonly event: NumberedEvent; readonly bytes: number }[];
  bytes: number;
}

const CAPACITY = 500;
const MAX_BYTES = 512 * 1024;
/** What an object costs beside the characters of its texts. */
const EVENT_BYTES = 200;
const TEXT_BYTES = 16;

/**
 * The latest events, for the event list. A storm of one kind pushes out only its own: each kind has room for
 * `capacity` events and `maxBytes` bytes, so that the last rollout is still there after ten thousand deliveries.
 */
export class RecentEvents {
  readonly #capacity: number;
  readonly #maxBytes: number;
  readonly #byType = new Map<TimedEvent['type'], Kept>();
  readonly #listeners: Listeners<[NumberedEvent]>;
  #nextId: number;

  /** @param events gets `listener.failed`. */
  constructor(events: Events, { capacity = CAPACITY, maxBytes = MAX_BYTES, firstId = 0 }: RecentEventsOptions = {}) {
    this.#capacity = capacity;
    this.#maxBytes = maxBytes;
    this.#listeners = new Listeners(events);
    this.#nextId = firstId;
  }

  /** How many bytes all events take that are kept, as estimated. */
  get bytes(): number {
    return [...this.#byType.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Keeps `event`, and gives it to all listeners. */
  observe(event: TimedEvent): void {
    const numbered = { ...event, id: this.#nextId++ };
    this.#keep(numbered);
    this.#listeners.notify(numbered);
  }

  /** Calls `listener` with every event from now on, until the returned function is called. */
  subscribe(listener: (event: NumberedEvent) => void): () => void {
    return this.#listeners.add('reader of the list of events', listener);
  }

  /** The latest events of the kinds that `wanted` takes, the newest first, in the order of their emission. */
  list(
    wanted: (type: TimedEvent['type']) => boolean = () => true,
    { before = Number.POSITIVE_INFINITY, after = -1, limit = this.#capacity }: RecentEventsQuery = {},
  ): readonly NumberedEvent[] {
    return [...this.#byType]
      .flatMap(([type, { events }]) => (wanted(type) ? events.map(({ event }) => event) : []))
      .filter(({ id }) => id < before && id > after)
      .sort((a, b) => b.id - a.id)
      .slice(0, Math.min(limit, this.#capacity));
  }

  #keep(event: NumberedEvent): void {
    const kept = this.#byType.get(event.type) ?? { events: [], bytes: 0 };
    this.#byType.set(event.type, kept);
    const bytes = estimatedBytes(event);
    kept.events.push({ event, bytes });
    kept.bytes += bytes;
    while (kept.events.length > this.#capacity || (kept.bytes > this.#maxBytes && kept.events.length > 1)) {
      kept.bytes -= kept.events.shift()?.bytes ?? 0;
    }
  }
}

/** About how much memory an event takes, at two bytes a code unit. */
function estimatedBytes(event: TimedEvent): number {
  const texts = Object.values(event).flat();
  return texts.reduce<number>(
    (sum, value) => sum + (typeof value === 'string' ? TEXT_BYTES + 2 * value.length : 0),
    EVENT_BYTES,
  );
}
