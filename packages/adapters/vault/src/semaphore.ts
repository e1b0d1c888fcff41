/** Who waits for a turn. */
interface Waiting {
  readonly go: () => void;
}

/**
 * Lets a limited number of exchanges run at the same time. A turn that is given back is free one turn of the event loop
 * later, when undici lets its connection be used again; who asks meanwhile waits for it, rather than to have a new
 * connection opened.
 */
export class Semaphore {
  readonly #limit: number;
  readonly #waiting = new Set<Waiting>();
  #taken = 0;
  #settling = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves when it is the caller's turn; rejects with the reason of `signal` where that is aborted before. */
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

  /** Ends the turn of a caller whose `take` has resolved. */
  giveBack(): void {
    this.#settling++;
    setImmediate(() => {
      this.#settling--;
      this.#taken--;
      // All that ended at the same time are free only after the last of them.
      if (this.#settling === 0) this.#letGo();
    });
  }

  #letGo(): void {
    for (const waiting of this.#waiting) {
      if (this.#taken >= this.#limit) return;
      this.#waiting.delete(waiting);
      this.#taken++;
      waiting.go();
    }
  }
}
