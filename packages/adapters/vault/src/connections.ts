import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { BoundedMap, type Clock } from '@vault-swarm/kernel';
import { Agent, buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { Semaphore } from './semaphore.ts';
import { readTlsMaterial, type TlsMaterial } from './tls.ts';
import type { VaultServer } from './vault-server.ts';

/** The maximum of connections to one server, and so of calls in flight. */
const MAX_CONNECTIONS = 16;
/** How long an idle connection is kept: longer than most poll intervals, shorter than firewalls do. */
const KEEP_ALIVE_MS = 90_000;
/** When TCP keep-alive starts on an idle connection; without a response it ends 10 s later. */
const TCP_PROBE_AFTER_MS = 10_000;
const CONNECT_DEADLINE_MS = 5_000;
/** Larger than any path: a value has at most 500 KiB, but a path may have many fields. */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
const LIMITS = {
  connections: MAX_CONNECTIONS,
  pipelining: 1,
  // With one HTTP/2 connection for all calls, an unreachable server would block them all.
  allowH2: false,
  keepAliveTimeout: KEEP_ALIVE_MS,
  maxResponseSize: MAX_ANSWER_BYTES,
};
const CONNECTING = { timeout: CONNECT_DEADLINE_MS, keepAliveInitialDelay: TCP_PROBE_AFTER_MS, allowH2: false };
/** For how many hosts: a server may redirect to others. */
const MAX_SESSIONS = 16;
/** If a call is aborted after this time without a first byte, all connections opened before it are suspect. */
const SILENCE_MS = 250;

/** The destination and verification of connections. */
type ConnectionsConfig = Pick<VaultServer, 'tls' | 'proxy' | 'socketPath'>;

/**
 * A pool of at most 16 connections to one server or its proxy. If a call is aborted without any response, the
 * connections opened before it may be dead: later calls open new ones, and the old ones close after their calls. The
 * same happens if certificate files changed, which is checked on request and after a connection failed.
 */
export class Connections {
  readonly #clock: Clock;
  readonly #tls: VaultServer['tls'];
  readonly #proxy: string | undefined;
  readonly #socketPath: string | undefined;
  readonly #semaphore = new Semaphore(MAX_CONNECTIONS);
  readonly #retired = new Set<Dispatcher>();
  #material: TlsMaterial;
  #agent: Dispatcher;
  #openedAtMs: number;
  #closed = false;
  #failed = false;
  /** The latest TLS session of each host. undici references them weakly and loses them with a garbage collection. */
  readonly #sessions = new BoundedMap<Buffer>({ maxEntries: MAX_SESSIONS });

  constructor({ tls, proxy, socketPath }: ConnectionsConfig, clock: Clock) {
    this.#clock = clock;
    this.#tls = tls;
    this.#proxy = proxy;
    this.#socketPath = socketPath;
    this.#material = readTlsMaterial(tls) ?? {};
    this.#agent = this.#open();
    this.#openedAtMs = clock.monotonic();
  }

  /** The client certificate as PEM; empty if there is none. */
  get certificate(): string {
    return this.#material.cert ?? '';
  }

  /** Checks the certificate files: if they changed, later calls open new connections with the new content. */
  reloadCertificates(): void {
    const material = readTlsMaterial(this.#tls);
    const known = this.#material;
    if (material === null || this.#closed) return;
    if (material.ca === known.ca && material.cert === known.cert && material.key === known.key) return;
    this.#material = material;
    // A resumed session would show the previous certificate to the server.
    this.#sessions.clear();
    this.#renew();
  }

  /**
   * Runs one exchange when a connection is free. `exchange` calls `answered` at the first byte of the response.
   * Rejects as `exchange` does, or with the reason of `signal` if it is aborted before.
   */
  async use<T>(
    signal: AbortSignal,
    exchange: (dispatcher: Dispatcher, answered: () => void) => Promise<T>,
  ): Promise<T> {
    await this.#semaphore.take(signal);
    const startedAtMs = this.#clock.monotonic();
    let silent = true;
    if (this.#failed) this.reloadCertificates();
    this.#failed = false;
    try {
      return await exchange(this.#agent, () => {
        silent = false;
      });
    } catch (error) {
      if (silent && !signal.aborted) this.#failed = true;
      throw error;
    } finally {
      this.#semaphore.release();
      if (silent && signal.aborted && !this.#closed) this.#suspect(startedAtMs);
    }
  }

  /** Closes all connections and aborts calls in flight. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#agent, ...this.#retired].map((agent) => agent.destroy()));
    this.#sessions.clear();
  }

  #suspect(startedAtMs: number): void {
    if (this.#clock.monotonic() - startedAtMs < SILENCE_MS || this.#openedAtMs > startedAtMs) return;
    this.#renew();
  }

  #renew(): void {
    const old = this.#agent;
    this.#agent = this.#open();
    this.#openedAtMs = this.#clock.monotonic();
    this.#retired.add(old);
    const forget = () => this.#retired.delete(old);
    old.close().then(forget, forget);
  }

  #open(): Dispatcher {
    if (this.#proxy === undefined) return new Agent({ ...LIMITS, connect: this.#connector() });
    return new ProxyAgent({
      uri: this.#proxy,
      ...LIMITS,
      requestTls: this.#connecting(),
      proxyTls: CONNECTING,
      // Unencrypted requests to the proxy have the same limits, and opening a tunnel has a deadline.
      factory: (origin, options) => new Pool(origin, { ...LIMITS, ...options }),
      clientFactory: (origin, options) => new Pool(origin, { headersTimeout: CONNECT_DEADLINE_MS, ...options }),
    });
  }

  #connecting(): buildConnector.BuildOptions {
    const { skipVerify, serverName } = this.#tls;
    return {
      ...CONNECTING,
      rejectUnauthorized: !skipVerify,
      // As in Go, every given certificate is trusted: an intermediate authority, or the server's certificate itself.
      allowPartialTrustChain: true,
      ...this.#material,
      ...(this.#socketPath === undefined ? {} : { socketPath: this.#socketPath }),
      ...askedName(serverName),
      ...(serverName === undefined ? {} : { checkServerIdentity: isFor(serverName) }),
    };
  }

  #connector(): buildConnector.connector {
    const material = this.#material;
    // undici prefers the name in the address to that of BuildOptions.
    const named = askedName(this.#tls.serverName);
    const connect = buildConnector(this.#connecting());
    return (options, callback) =>
      connect({ ...options, ...named }, (...result) => {
        result[1]?.on('session', (session: Buffer) => {
          // A late session of a connection with the previous certificate is not kept.
          if (this.#material === material) this.#sessions.set(options.hostname, session);
        });
        callback(...result);
      });
  }
}

/** The name for TLS's SNI. It can't be an IP address, which is only verified. */
function askedName(serverName: string | undefined): { readonly servername?: string } {
  return serverName === undefined || isIP(serverName) !== 0 ? {} : { servername: serverName };
}

function isFor(serverName: string): (host: string, certificate: PeerCertificate) => Error | undefined {
  return (_host, certificate) => checkServerIdentity(serverName, certificate);
}
