import type { Emitter, TimerFailed } from './events.ts';
import { errorMessage } from './foreign-text.ts';
import type { Clock } from './platform-ports.ts';

/**
 * A clock whose callbacks can't end the process. What one throws is emitted as `timer.failed`, once for each message in
 * a row. A callback that repeats itself must schedule the next call before it does anything that may throw.
 */
export class IsolatedTimers implements Clock {
  readonly #clock: Clock;
  readonly #events: Emitter<TimerFailed>;
  #latest: string | null = null;

  /** @param events receives `timer.failed`. */
  constructor(clock: Clock, events: Emitter<TimerFailed>) {
    this.#clock = clock;
    this.#events = events;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#clock.after(delayMs, () => {
      try {
        callback();
      } catch (error) {
        this.#failed(errorMessage(error));
      }
    });
  }

  #failed(message: string): void {
    if (message === this.#latest) return;
    this.#latest = message;
    this.#events.emit({ type: 'timer.failed', message });
  }
}
