import type { EventListener, Events, ProductEvent, TimedEvent } from './events.ts';
import type { Clock } from './platform-ports.ts';

/** Hands each event to every subscriber at once, in the order of their subscription. */
export class EventBus implements Events {
  readonly #clock: Clock;
  readonly #listeners = new Set<EventListener>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  emit(event: ProductEvent): void {
    const timed: TimedEvent = { ...event, at: this.#clock.now() };
    for (const listener of this.#listeners) listener(timed);
  }

  /** Calls `listener` for every event from now on, until the returned function is called. */
  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
