import type { EventBus, EventListener, TimedEvent } from '@vault-swarm/provider';

const MOST_KEPT = 1_000;

/**
 * Keeps what happens before the logger is loaded, since the socket listens first. `handOver` gives it all to the
 * logger, in order, and from then on each event as it happens.
 */
export class EarlyEvents {
  readonly #bus: EventBus;
  readonly #kept: TimedEvent[] = [];
  readonly #stop: () => void;

  constructor(bus: EventBus) {
    this.#bus = bus;
    this.#stop = bus.subscribe((event) => {
      if (this.#kept.length < MOST_KEPT) this.#kept.push(event);
    });
  }

  handOver(listener: EventListener): void {
    this.#stop();
    for (const event of this.#kept.splice(0)) listener(event);
    this.#bus.subscribe(listener);
  }
}
