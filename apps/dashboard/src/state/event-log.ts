import { type ReadonlySignal, signal } from '@preact/signals';
import type { Event, Level } from '@vault-swarm/http/api';

const levels: readonly Level[] = ['error', 'warn', 'info', 'debug'];

/** How many events the page keeps: older ones are at the plugin. */
const MOST = 1000;

/** The events that the page knows, the newest first, each once. */
export class EventLog {
  readonly #events = signal<readonly Event[]>([]);

  get events(): ReadonlySignal<readonly Event[]> {
    return this.#events;
  }

  /** Takes events over, in whatever order they come. */
  add(added: readonly Event[]): void {
    if (added.length === 0) return;
    const byId = new Map(this.#events.value.map((event) => [event.id, event]));
    for (const event of added) byId.set(event.id, event);
    this.#events.value = [...byId.values()].sort((a, b) => b.id - a.id).slice(0, MOST);
  }
}

/** Those that matter at least as much as `least`. */
export function atLeast(events: readonly Event[], least: Level): readonly Event[] {
  const limit = levels.indexOf(least);
  return events.filter(({ level }) => levels.indexOf(level) <= limit);
}
