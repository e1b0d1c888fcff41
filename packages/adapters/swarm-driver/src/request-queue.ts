import type { Duplex } from 'node:stream';

/** How many requests may be queued on one connection. The engine sends one at a time. */
const MAX_WAITING = 100;

/**
 * Answers the requests of one connection one after the other, so that one connection never holds more than one value
 * in memory. A client that queues too many requests is disconnected.
 */
export class RequestQueue {
  readonly #socket: Duplex;
  readonly #broken = new AbortController();
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Aborted when the connection's data can't be parsed any more: an incomplete request stays incomplete. */
  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  /** Runs `action` after all earlier ones, unless the connection is gone. It must not reject. */
  next(action: () => Promise<void>): void {
    this.#waiting += 1;
    if (this.#waiting > MAX_WAITING) this.#socket.destroy();
    this.#last = this.#last.then(() => {
      this.#waiting -= 1;
      return this.#socket.destroyed ? undefined : action();
    });
  }

  /** Call it when further data can't be parsed: runs `action` after all earlier requests are answered. */
  break(action: () => void): void {
    this.#broken.abort();
    this.next(async () => action());
  }
}
