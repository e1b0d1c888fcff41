import { boundEvent } from './bounded-event.ts';
import type { Emitter, ListenerFailed, NamedEvent, Timed } from './events.ts';
import { Listeners } from './listeners.ts';
import type { Clock } from './platform-ports.ts';

/**
 * Sends each event to all subscribers at once, in the order in which they subscribed. All text in an event is limited.
 * A subscriber that throws affects neither the emitter nor the other subscribers: see {@link Listeners}.
 */
export class EventBus<E extends NamedEvent> implements Emitter<E | ListenerFailed> {
  readonly #clock: Clock;
  readonly #listeners = new Listeners<[Timed<E | ListenerFailed>]>(this);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  emit(event: E | ListenerFailed): void {
    this.#listeners.notify(boundEvent({ ...event, atMs: this.#clock.now() }));
  }

  /**
   * Calls `listener` for each later event, until the returned function is called.
   *
   * @param name names the subscriber in the event that reports its failure.
   */
  subscribe(listener: (event: Timed<E | ListenerFailed>) => void, name = 'a listener'): () => void {
    return this.#listeners.add(name, listener);
  }
}
