import type { Emitter, ListenerFailed } from './events.ts';
import { errorMessage } from './foreign-text.ts';

interface Entry<Arguments extends readonly unknown[]> {
  readonly name: string;
  readonly listener: (...given: Arguments) => void;
  hasFailed: boolean;
}

/**
 * Listeners that are called together, in the order in which they were added. If one throws, the others are still called
 * and the caller continues. Its first failure is emitted as `listener.failed`. It is called again the next time.
 */
export class Listeners<Arguments extends readonly unknown[] = []> {
  readonly #events: Emitter<ListenerFailed>;
  readonly #entries = new Set<Entry<Arguments>>();

  /** @param events receives `listener.failed`. */
  constructor(events: Emitter<ListenerFailed>) {
    this.#events = events;
  }

  /** The number of listeners. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Calls `listener` each time, until the returned function is called. A function that was added twice is called twice.
   *
   * @param name names the listener in messages to the operator: `the log`.
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
    // After the loop, so that the other listeners get the event before the report of the failure.
    for (const [listener, error] of failures) {
      this.#events.emit({ type: 'listener.failed', listener, message: errorMessage(error) });
    }
  }

  /** Removes all listeners. */
  clear(): void {
    this.#entries.clear();
  }
}
