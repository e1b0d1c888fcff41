import type { Emitter, ListenerFailed } from './events.ts';
import { errorMessage } from './foreign-text.ts';

interface Entry<Arguments extends readonly unknown[]> {
  readonly name: string;
  readonly listener: (...given: Arguments) => void;
  hasFailed: boolean;
}

/**
 * Listeners that are called together, in the order in which they were added. One that throws keeps neither the others from
 * being called nor its caller from going on; that it threw is emitted once as `listener.failed`, and it is called again the
 * next time.
 */
export class Listeners<Arguments extends readonly unknown[] = []> {
  readonly #events: Emitter<ListenerFailed>;
  readonly #entries = new Set<Entry<Arguments>>();

  /** @param events gets `listener.failed`. */
  constructor(events: Emitter<ListenerFailed>) {
    this.#events = events;
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Calls `listener` each time from now on, until the returned function is called. The same function added twice is called twice.
   * @param name what failed, for people: `the log`.
   */
  add(name: string, listener: (...given: Arguments) => void): () => void {
    const entry: Entry<Arguments> = { name, listener, hasFailed: false };
    this.#entries.add(entry);
    return () => this.#entries.delete(entry);
  }

  /** Calls all listeners. Never throws. */
  notify(...given: Arguments): void {
    const failures: (readonly [listener: string, error: unknown])[] = [];
    for (const entry of this.#entries) {
      try {
        entry.listener(...given);
      } catch (error) {
        if (!entry.hasFailed) failures.push([entry.name, error]);
        entry.hasFailed = true;
      }
    }
    // After the loop, so that the others get what was given before what tells of the failure.
    for (const [listener, error] of failures) {
      this.#events.emit({ type: 'listener.failed', listener, message: errorMessage(error) });
    }
  }

  /** Removes all listeners. */
  clear(): void {
    this.#entries.clear();
  }
}
