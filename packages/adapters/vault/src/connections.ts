import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { BoundedMap, type Clock } from '@vault-swarm/kernel';
import { Agent, buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { Semaphore } from './semaphore.ts';
import { readTlsMaterial, type TlsMaterial } from './tls.ts';
import type { VaultServer } from './vault-server.ts';

/** Connections to one server, and so calls in progress. */
const MAX_CONNECTIONS = 16;
/** How long a connection is kept after its last use: longer than most intervals between passes, shorter than firewalls. */
const KEEP_ALIVE_MS = 90_000;
/** When TCP starts to ask whether an idle connection's other end is still there; one without an answer ends 10 s later. */
const TCP_PROBE_AFTER_MS = 10_000;
const CONNECT_DEADLINE_MS = 5_000;
/** No value of 500 KiB can be delivered; a path may have many fields. */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
const LIMITS = {
  connections: MAX_CONNECTIONS,
  pipelining: 1,
  // One connection for all calls would hold all of them up where its server vanished.
  allowH2: false,
  keepAliveTimeout: KEEP_ALIVE_MS,
  maxResponseSize: MAX_ANSWER_BYTES,
};
const CONNECTING = { timeout: CONNECT_DEADLINE_MS, keepAliveInitialDelay: TCP_PROBE_AFTER_MS, allowH2: false };
/** Of hosts: a server may redirect to others. */
const MAX_SESSIONS = 16;
/** A call that was cut off after so long without a first byte speaks against all connections opened before it. */
const SILENCE_MS = 250;

/** Where connections lead, and how they are verified. */
type ConnectionsConfig = Pick<VaultServer, 'tls' | 'proxy' | 'socketPath'>;

/**
 * Connections to one server, or to the proxy before it: kept and used again, at most 16. Where a server vanished without ending them, the first
 * call that is cut off in silence makes all later ones open new connections; the old ones end with what they carry. The
 * same happens where the files of certificates have changed, which is checked when it is asked for, and after a
 * connection has failed.
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
  /** The latest TLS session of each host. undici holds them only weakly, and loses them with a garbage collection. */
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

  /** The certificate that we show, as PEM; empty where there is none. */
  get certificate(): string {
    return this.#material.cert ?? '';
  }

  /** Checks the files of certificates: where they have changed, later calls open new connections with what they have. */
  reloadCertificates(): void {
    const material = readTlsMaterial(this.#tls);
    const known = this.#material;
    if (material === null || this.#closed) return;
    if (material.ca === known.ca && material.cert === known.cert && material.key === known.key) return;
    this.#material = material;
    // A resumed session would show the server the certificate of before.
    this.#sessions.clear();
    this.#renew();
  }

  /**
   * Does one exchange when it is its turn. `exchange` calls `answered` when the first of the answer is there. Rejects
   * as `exchange` does, or with the reason of `signal` where it is aborted before its turn.
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
      this.#semaphore.giveBack();
      if (silent && signal.aborted && !this.#closed) this.#suspect(startedAtMs);
    }
  }

  /** Ends all connections, and cuts off what is in progress. */
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
      // What is asked of the proxy in the open has the same limits, and the opening of a tunnel a deadline.
      factory: (origin, options) => new Pool(origin, { ...LIMITS, ...options }),
      clientFactory: (origin, options) => new Pool(origin, { headersTimeout: CONNECT_DEADLINE_MS, ...options }),
    });
  }

  #connecting(): buildConnector.BuildOptions {
    const { skipVerify, serverName } = this.#tls;
    return {
      ...CONNECTING,
      rejectUnauthorized: !skipVerify,
      // As in Go, whatever was given is trusted: also an authority that another one issued, or the server's certificate itself.
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
          // A late one, of a connection with the certificate of before, is not taken.
          if (this.#material === material) this.#sessions.set(options.hostname, session);
        });
        callback(...result);
      });
  }
}

/** The name that TLS asks the server for. There is no field for an address, which is only checked. */
function askedName(serverName: string | undefined): { readonly servername?: string } {
  return serverName === undefined || isIP(serverName) !== 0 ? {} : { servername: serverName };
}

function isFor(serverName: string): (host: string, certificate: PeerCertificate) => Error | undefined {
  return (_host, certificate) => checkServerIdentity(serverName, certificate);
}
