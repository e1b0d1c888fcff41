import { type ReadonlySignal, signal } from '@preact/signals';
import type { Event, Level } from '@vault-swarm/http/api';

const levels: readonly Level[] = ['error', 'warn', 'info', 'debug'];

/** How many events the page keeps; the plugin has older ones. */
const MOST = 1000;

/** The known events, newest first, each once. */
export class EventLog {
  readonly #events = signal<readonly Event[]>([]);

  get events(): ReadonlySignal<readonly Event[]> {
    return this.#events;
  }

  /** Adds events in any order. */
  add(added: readonly Event[]): void {
    if (added.length === 0) return;
    const byId = new Map(this.#events.value.map((event) => [event.id, event]));
    for (const event of added) byId.set(event.id, event);
    this.#events.value = [...byId.values()].sort((a, b) => b.id - a.id).slice(0, MOST);
  }
}

/** The events of at least this level. */
export function atLeast(events: readonly Event[], least: Level): readonly Event[] {
  const limit = levels.indexOf(least);
  return events.filter(({ level }) => levels.indexOf(level) <= limit);
}
