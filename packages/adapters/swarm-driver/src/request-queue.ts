import type { Duplex } from 'node:stream';

/** So many requests may wait on one connection for the answers before them. The engine sends one at a time. */
const MAX_WAITING = 100;

/**
 * The requests of one connection, which are answered one after the other: however many come without waiting for their
 * answers, one value at a time is held for them. Who sends far too many is cut off.
 */
export class RequestQueue {
  readonly #socket: Duplex;
  readonly #broken = new AbortController();
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Aborted when what comes can't be understood any more: a request that is not there in full will never be. */
  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  /** Does `action` when all before it is done, unless the connection is gone by then. It must not reject. */
  next(action: () => Promise<void>): void {
    this.#waiting += 1;
    if (this.#waiting > MAX_WAITING) this.#socket.destroy();
    this.#last = this.#last.then(async () => {
      this.#waiting -= 1;
      if (!this.#socket.destroyed) await action();
    });
  }

  /** Nothing more that comes is understood: does `action` when all that was is answered. */
  break(action: () => void): void {
    this.#broken.abort();
    this.next(async () => action());
  }
}
