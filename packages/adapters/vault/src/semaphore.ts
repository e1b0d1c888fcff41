/** A caller that waits for a turn. */
interface Waiting {
  readonly go: () => void;
}

/**
 * Limits the number of concurrent exchanges. A released turn becomes free one turn of the event loop later, when
 * undici can reuse its connection. A caller that waits until then does not open a new connection.
 */
export class Semaphore {
  readonly #limit: number;
  readonly #waiting = new Set<Waiting>();
  #taken = 0;
  #settling = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves when it is the caller's turn; rejects with the reason of `signal` if that is aborted before. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#settling === 0 && this.#taken < this.#limit) {
      this.#taken++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(waiting);
        reject(signal.reason);
      };
      const waiting: Waiting = {
        go: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      this.#waiting.add(waiting);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Releases the turn of a caller whose `take` resolved. */
  release(): void {
    this.#settling++;
    setImmediate(() => {
      this.#settling--;
      this.#taken--;
      // Turns released at the same time become free after the last of them.
      if (this.#settling === 0) this.#startNext();
    });
  }

  #startNext(): void {
    for (const waiting of this.#waiting) {
      if (this.#taken >= this.#limit) return;
      this.#waiting.delete(waiting);
      this.#taken++;
      waiting.go();
    }
  }
}
