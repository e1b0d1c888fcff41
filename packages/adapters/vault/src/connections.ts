import type { Clock } from '@vault-swarm/provider';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import type { VaultTlsConfig } from './config.ts';
import { Turns } from './turns.ts';

/** Connections to one server, and so calls under way. */
const MAX_CONNECTIONS = 16;
/** How long a connection is kept after its last use: longer than most intervals between passes, shorter than firewalls. */
const KEEP_ALIVE_MS = 90_000;
/** When TCP begins to ask whether an idle connection's other end is still there; one without an answer ends 10 s later. */
const TCP_PROBE_AFTER_MS = 10_000;
const CONNECT_DEADLINE_MS = 5_000;
/** No value of 500 KiB can be delivered; a path may have many fields. */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** A call that was cut off after so long without a first byte speaks against all connections opened before it. */
const SILENCE_MS = 250;

/**
 * Connections to one server: kept and used again, at most 16. Where a server vanished without ending them, the first
 * call that is cut off in silence makes all later ones open new connections; the old ones end with what they carry.
 */
export class Connections {
  readonly #clock: Clock;
  readonly #connect: buildConnector.connector;
  readonly #turns = new Turns(MAX_CONNECTIONS);
  readonly #retired = new Set<Agent>();
  #agent: Agent;
  #openedAtMs: number;
  #closed = false;
  /** The latest TLS session of each host. undici holds them only weakly, and loses them with a garbage collection. */
  readonly #sessions = new Map<string, Buffer>();

  constructor(tls: VaultTlsConfig, clock: Clock) {
    this.#clock = clock;
    const connect = buildConnector({
      timeout: CONNECT_DEADLINE_MS,
      keepAliveInitialDelay: TCP_PROBE_AFTER_MS,
      allowH2: false,
      rejectUnauthorized: !tls.skipVerify,
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.clientCertificate === undefined ? {} : { cert: tls.clientCertificate }),
      ...(tls.clientKey === undefined ? {} : { key: tls.clientKey.read() }),
    });
    this.#connect = (options, callback) =>
      connect(options, (...result) => {
        result[1]?.on('session', (session: Buffer) => {
          this.#sessions.set(options.hostname, session);
        });
        callback(...result);
      });
    this.#agent = this.#open();
    this.#openedAtMs = clock.monotonic();
  }

  /**
   * Does one exchange when it is its turn. `exchange` calls `answered` when the first of the answer is there. Rejects
   * as `exchange` does, or with the reason of `signal` where it is aborted before its turn.
   */
  async use<T>(
    signal: AbortSignal,
    exchange: (dispatcher: Dispatcher, answered: () => void) => Promise<T>,
  ): Promise<T> {
    await this.#turns.take(signal);
    const startedAtMs = this.#clock.monotonic();
    let silent = true;
    try {
      return await exchange(this.#agent, () => {
        silent = false;
      });
    } finally {
      this.#turns.giveBack();
      if (silent && signal.aborted && !this.#closed) this.#suspect(startedAtMs);
    }
  }

  /** Ends all connections, and cuts off what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#agent, ...this.#retired].map((agent) => agent.destroy()));
    this.#sessions.clear();
  }

  #suspect(startedAtMs: number): void {
    const now = this.#clock.monotonic();
    if (now - startedAtMs < SILENCE_MS || this.#openedAtMs > startedAtMs) return;
    const old = this.#agent;
    this.#agent = this.#open();
    this.#openedAtMs = now;
    this.#retired.add(old);
    const forget = () => this.#retired.delete(old);
    old.close().then(forget, forget);
  }

  #open(): Agent {
    return new Agent({
      connections: MAX_CONNECTIONS,
      pipelining: 1,
      // One connection for all calls would hold all of them up where its server vanished.
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxResponseSize: MAX_ANSWER_BYTES,
      connect: this.#connect,
    });
  }
}
