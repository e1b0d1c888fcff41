import { boundEvent } from './bounded-event.ts';
import type { Emitter, ListenerFailed, NamedEvent, Timed } from './events.ts';
import { Listeners } from './listeners.ts';
import type { Clock } from './platform-ports.ts';

/**
 * Hands each event to every subscriber at once, in the order of their subscription, with all text in it cut to its
 * bounds. A subscriber that throws does not disturb the emitter or the others: see {@link Listeners}.
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
   * Calls `listener` for every event from now on, until the returned function is called.
   * @param name what it is, for the event that tells that it failed.
   */
  subscribe(listener: (event: Timed<E | ListenerFailed>) => void, name = 'a listener'): () => void {
    return this.#listeners.add(name, listener);
  }
}
