import { once } from 'node:events';
import type { Server } from 'node:net';
import { type Clock, type Emitter, errorMessage } from '@vault-swarm/kernel';
import type { DriverEvent } from './driver-events.ts';
import { answers } from './liveness.ts';
import { isStale, type LockedSocket, lockSocket, type OthersSocket, SocketInUse } from './socket-lock.ts';

/** The dependencies of a socket listener. */
export interface SocketListenerOptions {
  readonly socketPath: string;
  /** Creates a server each time that the socket is published, because a removed socket can't get its path back. */
  readonly makeServer: () => Server;
  /**
   * If set, the socket of another process that answers is taken over when this returns true (this process is ready) or
   * the other process no longer answers.
   */
  readonly takeOverWhen: (() => boolean) | undefined;
  readonly clock: Clock;
  readonly events: Emitter<DriverEvent>;
}

/** How often the public path is checked. */
const POLL_MS = 250;

/**
 * Publishes our socket on its public path and watches the path. If another process takes it over, this one finishes
 * its requests and becomes a standby. If the path leads to no process, because the other one died or the socket was
 * removed, it is published again. Of two processes that may take over, only the one that started later does.
 */
export class SocketListener {
  readonly #options: SocketListenerOptions;
  #locked: LockedSocket | undefined;
  #isOurs = false;
  #isReleased = false;
  #latestPoll: Promise<void> = Promise.resolve();
  #cancelPoll: () => void = () => undefined;
  #lastProblem: string | undefined;
  /** Whether the socket is still to be taken over. */
  #waits = false;

  constructor(options: SocketListenerOptions) {
    this.#options = options;
  }

  /** Whether the path led to this process at the latest check. */
  get isOurs(): boolean {
    return this.#isOurs;
  }

  /**
   * Resolves when the path leads to us, or to another process that we wait to replace. Call it once.
   *
   * @throws {SocketInUse} if another process answers and must not be replaced.
   * @throws {SocketUnusable} if the path can't be used.
   */
  async publish(): Promise<void> {
    const { takeOverWhen, events, socketPath } = this.#options;
    try {
      await this.#lock('kept');
    } catch (error) {
      if (!(error instanceof SocketInUse) || takeOverWhen === undefined) throw error;
      events.emit({ type: 'driver.standby', socket: socketPath });
      this.#waits = true;
    }
    this.#pollLater();
  }

  /** Removes the path if it leads to us. It is not published again. */
  async release(): Promise<void> {
    this.#isReleased = true;
    this.#cancelPoll();
    await this.#latestPoll;
    await this.#locked?.release();
    this.#isOurs = false;
  }

  async #lock(others: OthersSocket): Promise<void> {
    const { socketPath, makeServer, clock, events } = this.#options;
    const server = makeServer();
    const listen = async (path: string) => {
      server.listen(path);
      await once(server, 'listening');
    };
    try {
      this.#locked = await lockSocket(socketPath, listen, clock, others);
    } catch (error) {
      server.close();
      throw error;
    }
    this.#isOurs = true;
    this.#waits = false;
    events.emit({ type: 'driver.listening', socket: socketPath });
  }

  #pollLater(): void {
    if (this.#isReleased) return;
    this.#cancelPoll = this.#options.clock.after(POLL_MS, () => {
      this.#latestPoll = this.#poll().then(
        () => {
          this.#lastProblem = undefined;
        },
        (error: unknown) => this.#tell(error),
      );
      void this.#latestPoll.then(() => this.#pollLater());
    });
  }

  async #poll(): Promise<void> {
    const { socketPath, clock, events, takeOverWhen } = this.#options;
    if (this.#locked?.isOurs()) return;
    if (await isStale(socketPath, clock)) {
      this.#isOurs = false;
      return this.#lock('kept');
    }
    if (this.#isOurs) {
      this.#isOurs = false;
      events.emit({ type: 'driver.superseded', socket: socketPath });
    } else if (this.#waits && (takeOverWhen?.() || !(await answers(socketPath, clock)))) {
      await this.#lock('replaced');
    }
  }

  /** Reports a lasting problem once. Losing a race against another process is not a problem. */
  #tell(error: unknown): void {
    if (error instanceof SocketInUse) return;
    const message = errorMessage(error);
    if (message === this.#lastProblem) return;
    this.#lastProblem = message;
    this.#options.events.emit({ type: 'driver.socket-lost', socket: this.#options.socketPath, message });
  }
}
