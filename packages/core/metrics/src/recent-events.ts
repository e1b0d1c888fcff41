import { type Emitter, type ListenerFailed, Listeners, type NamedEvent, type Timed } from '@vault-swarm/kernel';
import type { TimedEvent } from '@vault-swarm/provider';

/** An event of the list. Its number is greater than that of each earlier event. */
export type NumberedEvent = Timed<NamedEvent> & { readonly id: number };

/** Selects events. */
export interface RecentEventsQuery {
  /** Only those with a smaller number. */
  readonly before?: number;
  /** Only those with a greater number. */
  readonly after?: number;
  /** The maximum number of events; the newest are returned. It is never more than the capacity for one kind. */
  readonly limit?: number;
}

/** The events that end a rollout or a rollback: the history of rotations. */
export const rotationEnds: readonly string[] = [
  'rollout.completed',
  'rollout.failed',
  'rollback.completed',
] satisfies readonly TimedEvent['type'][];

/** So many times more of {@link rotationEnds} are kept than of other kinds. */
const MORE_ROTATIONS = 2;

/** The limits of the list, and the first number. */
export interface RecentEventsOptions {
  /** The maximum number of events of each kind, and of all events that {@link RecentEvents.list} returns; by default 500. Twice as many ends of rollouts. */
  readonly capacity?: number;
  /** The maximum estimated bytes of the events of each kind; by default 512 KiB. */
  readonly maxBytes?: number;
  /**
   * The number of the first event. Choose one that is greater than all numbers of an earlier process. Then a reader
   * that knows the earlier process's last number can get all events since then.
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
/** The estimated overhead of an object and of each text, in addition to the characters. */
const EVENT_BYTES = 200;
const TEXT_BYTES = 16;

/**
 * The latest events, for the event list. Each kind has its own limit of `capacity` events and `maxBytes` bytes. So a
 * storm of one kind evicts only events of that kind: the last rollout is still listed after ten thousand deliveries.
 */
export class RecentEvents {
  readonly #capacity: number;
  readonly #maxBytes: number;
  readonly #byType = new Map<string, Kept>();
  readonly #listeners: Listeners<[NumberedEvent]>;
  #nextId: number;

  /** @param events receives `listener.failed`. */
  constructor(
    events: Emitter<ListenerFailed>,
    { capacity = CAPACITY, maxBytes = MAX_BYTES, firstId = 0 }: RecentEventsOptions = {},
  ) {
    this.#capacity = capacity;
    this.#maxBytes = maxBytes;
    this.#listeners = new Listeners(events);
    this.#nextId = firstId;
  }

  /** The estimated bytes of all kept events. */
  get bytes(): number {
    return [...this.#byType.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Keeps `event`, and sends it to all listeners. */
  observe<E extends Timed<NamedEvent>>(event: E): void {
    const numbered = { ...event, id: this.#nextId++ };
    this.#keep(numbered);
    this.#listeners.notify(numbered);
  }

  /** Calls `listener` for each later event, until the returned function is called. */
  subscribe(listener: (event: NumberedEvent) => void): () => void {
    return this.#listeners.add('reader of the list of events', listener);
  }

  /** The latest events of the kinds that `wanted` accepts, the newest first. */
  list(
    wanted: (type: string) => boolean = () => true,
    { before = Number.POSITIVE_INFINITY, after = -1, limit = this.#capacity }: RecentEventsQuery = {},
  ): readonly NumberedEvent[] {
    return [...this.#byType]
      .flatMap(([type, { events }]) => (wanted(type) ? events.map(({ event }) => event) : []))
      .filter(({ id }) => id < before && id > after)
      .sort((a, b) => b.id - a.id)
      .slice(0, Math.min(limit, MORE_ROTATIONS * this.#capacity));
  }

  #keep(event: NumberedEvent): void {
    const kept = this.#byType.get(event.type) ?? { events: [], bytes: 0 };
    this.#byType.set(event.type, kept);
    const bytes = estimatedBytes(event);
    kept.events.push({ event, bytes });
    kept.bytes += bytes;
    const factor = rotationEnds.includes(event.type) ? MORE_ROTATIONS : 1;
    const [capacity, maxBytes] = [factor * this.#capacity, factor * this.#maxBytes];
    while (kept.events.length > capacity || (kept.bytes > maxBytes && kept.events.length > 1)) {
      kept.bytes -= kept.events.shift()?.bytes ?? 0;
    }
  }
}

/** Estimates the memory of an event, at two bytes for each code unit. */
function estimatedBytes(event: NamedEvent): number {
  let bytes = EVENT_BYTES;
  for (const field of Object.values(event)) bytes += bytesOfTexts(field);
  return bytes;
}

/** The texts in a field, in its elements and in their fields. */
function bytesOfTexts(value: unknown): number {
  if (typeof value === 'string') return TEXT_BYTES + 2 * value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let bytes = 0;
  for (const part of Object.values(value)) bytes += bytesOfTexts(part);
  return bytes;
}
