import { once } from 'node:events';
import type { Server } from 'node:net';
import { type Clock, errorMessage } from '@vault-swarm/kernel';
import type { Events } from '@vault-swarm/provider';
import { answers } from './liveness.ts';
import { isStale, type LockedSocket, lockSocket, type OthersSocket, SocketInUse } from './socket-lock.ts';

/** What a published socket needs. */
export interface SocketListenerOptions {
  readonly socketPath: string;
  /** A server for each time that the name is to lead to us, since a socket that lost its name can't get it back. */
  readonly makeServer: () => Server;
  /**
   * Where it is given, the socket of another process that answers is taken over, as soon as it says that we can answer
   * ourselves, or the other one no longer does.
   */
  readonly takeOverWhen: (() => boolean) | undefined;
  readonly clock: Clock;
  readonly events: Events;
}

/** How often it is looked whom the name leads to. */
const POLL_MS = 250;

/**
 * The public name of our socket, and whom it leads to. Another process may take it over: then what is in progress is
 * finished, and we stand by. Where it leads to nobody, because the other process died or somebody removed it, it is
 * taken again. Of two that may take over, only who starts later does so.
 */
export class SocketListener {
  readonly #options: SocketListenerOptions;
  #locked: LockedSocket | undefined;
  #isOurs = false;
  #isReleased = false;
  #lastPollAtMs: Promise<void> = Promise.resolve();
  #cancelPoll: () => void = () => undefined;
  #lastProblem: string | undefined;
  /** Whether the socket is still to be taken over. */
  #waits = false;

  constructor(options: SocketListenerOptions) {
    this.#options = options;
  }

  /** Whether the name leads to us, as far as the latest poll showed. */
  get isOurs(): boolean {
    return this.#isOurs;
  }

  /**
   * Resolves when the name leads to us, or is another process's that is to be taken over from. Call it once.
   *
   * @throws {SocketInUse} where another process answers and is not to be taken over.
   * @throws {SocketUnusable} where the path can't be used.
   */
  async publish(): Promise<void> {
    const { takeOverWhen, events, socketPath } = this.#options;
    try {
      await this.#claim('left alone');
    } catch (error) {
      if (!(error instanceof SocketInUse) || takeOverWhen === undefined) throw error;
      events.emit({ type: 'driver.standby', socket: socketPath });
      this.#waits = true;
    }
    this.#pollLater();
  }

  /** Removes the name, if it leads to us. It is not taken again. */
  async release(): Promise<void> {
    this.#isReleased = true;
    this.#cancelPoll();
    await this.#lastPollAtMs;
    await this.#locked?.release();
    this.#isOurs = false;
  }

  async #claim(others: OthersSocket): Promise<void> {
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
      this.#lastPollAtMs = this.#look().then(
        () => {
          this.#lastProblem = undefined;
        },
        (error: unknown) => this.#tell(error),
      );
      void this.#lastPollAtMs.then(() => this.#pollLater());
    });
  }

  async #look(): Promise<void> {
    const { socketPath, clock, events, takeOverWhen } = this.#options;
    if (await this.#locked?.isOurs()) return;
    if (await isStale(socketPath, clock)) {
      this.#isOurs = false;
      return this.#claim('left alone');
    }
    if (this.#isOurs) {
      this.#isOurs = false;
      events.emit({ type: 'driver.superseded', socket: socketPath });
    } else if (this.#waits && (takeOverWhen?.() || !(await answers(socketPath, clock)))) {
      await this.#claim('replaced');
    }
  }

  /** What stays wrong is told once. That somebody else was faster is nothing wrong. */
  #tell(error: unknown): void {
    if (error instanceof SocketInUse) return;
    const message = errorMessage(error);
    if (message === this.#lastProblem) return;
    this.#lastProblem = message;
    this.#options.events.emit({ type: 'driver.socket-lost', socket: this.#options.socketPath, message });
  }
}
