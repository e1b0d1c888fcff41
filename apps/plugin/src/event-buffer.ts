import { type EventBus, Listeners } from '@vault-swarm/kernel';
import type { PluginEvent, TimedPluginEvent } from './plugin-events.ts';

const MAX_KEPT = 1_000;

/** Buffers events until the logger is loaded, because the socket listens first. */
export class EventBuffer {
  readonly #bus: EventBus<PluginEvent>;
  readonly #kept: TimedPluginEvent[] = [];
  readonly #stop: () => void;

  constructor(bus: EventBus<PluginEvent>) {
    this.#bus = bus;
    this.#stop = bus.subscribe((event) => {
      if (this.#kept.length < MAX_KEPT) this.#kept.push(event);
    });
  }

  /**
   * Passes the buffered events to the listeners, in order, and then each event when it happens.
   * @param listeners by a descriptive name, which `listener.failed` contains if one throws.
   */
  connect(listeners: Readonly<Record<string, (event: TimedPluginEvent) => void>>): void {
    this.#stop();
    const all = new Listeners<[TimedPluginEvent]>(this.#bus);
    for (const [name, listener] of Object.entries(listeners)) all.add(name, listener);
    for (const event of this.#kept.splice(0)) all.notify(event);
    this.#bus.subscribe((event) => all.notify(event));
  }
}
