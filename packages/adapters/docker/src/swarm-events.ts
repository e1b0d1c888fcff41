import { backoffMs, type Clock, errorMessage, jittered, Listeners, type Random, sleep } from '@vault-swarm/kernel';
import type { Events } from '@vault-swarm/provider';
import type { OrchestratorChanges } from '@vault-swarm/rotation';
import type { DockerConnection } from './connection.ts';
import { jsonLines } from './json-stream.ts';

/** The dependencies of the event listener, besides a connection. */
export interface DockerChangesOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Receives `orchestrator.failed` once for each outage of the event stream, and then `orchestrator.recovered`. */
  readonly events: Events;
}

interface EngineEvent {
  readonly Type?: string;
  readonly Action?: string;
}

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 15_000;
/** After a stream that lived this long, the backoff starts again. */
const GOOD_STREAM_MS = 10_000;

/**
 * Hints from the Swarm's events about services, secrets, nodes and configs (another manager may write the ledger). It
 * also emits a hint whenever the stream is opened, because events may have been missed.
 */
export class DockerChanges implements OrchestratorChanges {
  readonly #connection: DockerConnection;
  readonly #options: DockerChangesOptions;
  readonly #listeners: Listeners;
  #following: AbortController | undefined;

  constructor(connection: DockerConnection, options: DockerChangesOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#listeners = new Listeners(options.events);
  }

  /** The stream is open from the first listener to the last. */
  onChange(listener: () => void): () => void {
    const remove = this.#listeners.add('hint of Docker', listener);
    if (this.#following === undefined) {
      this.#following = new AbortController();
      void this.#follow(this.#following.signal);
    }
    return () => {
      remove();
      if (this.#listeners.size > 0) return;
      this.#following?.abort();
      this.#following = undefined;
    };
  }

  /** Follows the events until the signal is aborted. Never rejects. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { clock, random, events } = this.#options;
    let retries = 0;
    let failing = false;
    while (!signal.aborted) {
      const started = clock.monotonic();
      try {
        await this.#followOnce(signal, () => {
          if (failing) events.emit({ type: 'orchestrator.recovered' });
          failing = false;
        });
      } catch (error) {
        if (signal.aborted) return;
        if (!failing)
          events.emit({ type: 'orchestrator.failed', operation: 'follow events', message: errorMessage(error) });
        failing = true;
      }
      if (clock.monotonic() - started >= GOOD_STREAM_MS) retries = 0;
      // An abort ends the loop.
      await sleep(clock, jittered(backoffMs(FIRST_PAUSE_MS, MAX_PAUSE_MS, retries), random), signal).catch(
        () => undefined,
      );
      retries++;
    }
  }

  /** Resolves when the engine ends the stream. */
  async #followOnce(signal: AbortSignal, onOpen: () => void): Promise<void> {
    const filters = { scope: ['swarm'], type: ['service', 'secret', 'node', 'config'] };
    const stream = await this.#connection.open({ method: 'GET', path: '/events', query: { filters }, signal });
    onOpen();
    this.#hint(signal);
    for await (const event of jsonLines(stream)) {
      if ((event as EngineEvent).Type !== undefined) this.#hint(signal);
    }
  }

  #hint(signal: AbortSignal): void {
    if (!signal.aborted) this.#listeners.notify();
  }
}
