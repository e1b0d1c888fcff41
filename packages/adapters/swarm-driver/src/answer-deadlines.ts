import type { ServerResponse } from 'node:http';
import type { Clock } from '@vault-swarm/kernel';

/** How long a client may take to read a response. */
const ANSWER_DEADLINE_MS = 10_000;

/**
 * Aborts responses that are not read in time, with their connections. One timer is enough: all responses have the same
 * timeout, so the first one sent is due first.
 */
export class AnswerDeadlines {
  readonly #clock: Clock;
  /** When each response is due, in monotonic milliseconds; earliest first. */
  readonly #dueAtMs = new Map<ServerResponse, number>();
  /** `null` while nothing is scheduled. */
  #cancel: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Call it when the response is sent. Resolves when it is transmitted, aborted, or its connection is gone. Never
   * rejects.
   */
  closed(response: ServerResponse): Promise<void> {
    this.#dueAtMs.set(response, this.#clock.monotonic() + ANSWER_DEADLINE_MS);
    if (this.#cancel === null) this.#schedule(ANSWER_DEADLINE_MS);
    return new Promise((resolve) => {
      response
        .once('error', () => undefined)
        .once('close', () => {
          this.#dueAtMs.delete(response);
          resolve();
        });
    });
  }

  /** Stops the timer. Call it when no response is left. */
  close(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #schedule(delayMs: number): void {
    this.#cancel = this.#clock.after(delayMs, () => {
      this.#cancel = null;
      for (const [response, dueAtMs] of this.#dueAtMs) {
        const leftMs = dueAtMs - this.#clock.monotonic();
        if (leftMs > 0) return this.#schedule(leftMs);
        this.#dueAtMs.delete(response);
        response.destroy();
      }
    });
  }
}
