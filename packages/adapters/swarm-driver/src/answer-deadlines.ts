import type { ServerResponse } from 'node:http';
import type { Clock } from '@vault-swarm/kernel';

/** How long a client may take to read an answer. */
const ANSWER_DEADLINE_MS = 10_000;

/**
 * Gives up answers that are not read in time, and their connections with them. One timer serves all answers: each has the same
 * time, so the one that was sent first is due first.
 */
export class AnswerDeadlines {
  readonly #clock: Clock;
  /** When each is due, in monotonic milliseconds; the earliest first. */
  readonly #dueAtMs = new Map<ServerResponse, number>();
  /** `null` while nothing is scheduled. */
  #cancel: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The answer is sent now. Resolves when it is out, was given up, or its connection is gone. Never rejects. */
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

  /** Ends the timer. To be called when no answer is left. */
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
