import type { LookupFunction } from 'node:net';
import type { Clock } from '@vault-swarm/kernel';
import type { Proxies } from '@vault-swarm/provider';
import { Agent, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { isDirect } from './no-proxy.ts';

/** The maximum of connections to one server. */
const MAX_CONNECTIONS = 16;
/** How long an idle connection is kept: longer than most poll intervals, shorter than firewalls do. */
const KEEP_ALIVE_MS = 90_000;
/** When TCP keep-alive starts on an idle connection; without a response it ends 10 s later. */
const TCP_PROBE_AFTER_MS = 10_000;
const CONNECT_DEADLINE_MS = 5_000;
/** If a call is aborted after this time without a first byte, the connections opened before it are suspect. */
const SILENCE_MS = 250;
/** The largest response that is read: a page of a list, or a value of 64 KiB as base64. */
export const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;

const LIMITS = {
  connections: MAX_CONNECTIONS,
  pipelining: 1,
  // With one HTTP/2 connection for all calls, an unreachable server would block them all.
  allowH2: false,
  keepAliveTimeout: KEEP_ALIVE_MS,
  maxResponseSize: MAX_RESPONSE_BYTES,
};
const CONNECTING = { timeout: CONNECT_DEADLINE_MS, keepAliveInitialDelay: TCP_PROBE_AFTER_MS, allowH2: false };

/** How servers are found and verified, if not in the system's way. The certificates are PEM. */
export interface ConnectOptions {
  /** What to trust instead of the system's authorities. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must have, if it is not the host of the address. */
  readonly servername?: string;
  /** Resolves host names; not used for proxies. */
  readonly lookup?: LookupFunction;
}

/** The dispatchers for one proxy, or for none. They are opened with the first call. */
interface Route {
  readonly dispatcher: Dispatcher;
  readonly openedAtMs: number;
}

/** The connections of one provider instance, to all of its servers, directly or through the configured proxies. */
export class Connections {
  readonly #proxies: Proxies;
  readonly #connect: ConnectOptions;
  readonly #clock: Clock;
  /** By the proxy's address; `''` without one. */
  readonly #routes = new Map<string, Route>();
  readonly #retired = new Set<Dispatcher>();

  constructor(proxies: Proxies, connect: ConnectOptions, clock: Clock) {
    this.#proxies = proxies;
    this.#connect = connect;
    this.#clock = clock;
  }

  /**
   * Runs one exchange with a server. `exchange` calls `answered` at the first byte of the response. If it is aborted
   * without any, the connections opened before it may be dead: later calls open new ones.
   *
   * @param noProxy true for metadata services, which only this machine can reach.
   */
  async use<T>(
    url: URL,
    { signal, noProxy }: { readonly signal: AbortSignal; readonly noProxy: boolean },
    exchange: (dispatcher: Dispatcher, answered: () => void) => Promise<T>,
  ): Promise<T> {
    const proxy = noProxy ? '' : this.#proxyFor(url);
    const route = this.#routes.get(proxy) ?? this.#open(proxy);
    const startedAtMs = this.#clock.monotonic();
    let isSilent = true;
    try {
      return await exchange(route.dispatcher, () => {
        isSilent = false;
      });
    } finally {
      const isSuspect = isSilent && signal.aborted && this.#clock.monotonic() - startedAtMs >= SILENCE_MS;
      if (isSuspect && this.#routes.get(proxy) === route && route.openedAtMs <= startedAtMs) this.#retire(proxy, route);
    }
  }

  /** Closes all connections and aborts calls in flight. */
  async close(): Promise<void> {
    const dispatchers = [...[...this.#routes.values()].map(({ dispatcher }) => dispatcher), ...this.#retired];
    this.#routes.clear();
    await Promise.all(dispatchers.map((dispatcher) => dispatcher.destroy()));
  }

  #proxyFor(url: URL): string {
    const { http, https, noProxy } = this.#proxies;
    if (isDirect(url, noProxy)) return '';
    return (url.protocol === 'https:' ? https : http) ?? '';
  }

  #retire(proxy: string, { dispatcher }: Route): void {
    this.#routes.delete(proxy);
    this.#retired.add(dispatcher);
    const forget = () => this.#retired.delete(dispatcher);
    dispatcher.close().then(forget, forget);
  }

  #open(proxy: string): Route {
    const route = { dispatcher: dispatcherFor(proxy, this.#connect), openedAtMs: this.#clock.monotonic() };
    this.#routes.set(proxy, route);
    return route;
  }
}

function dispatcherFor(proxy: string, connect: ConnectOptions): Dispatcher {
  if (proxy === '') return new Agent({ ...LIMITS, connect: { ...CONNECTING, ...connect } });
  const { lookup: _, ...verified } = connect;
  return new ProxyAgent({
    uri: proxy,
    ...LIMITS,
    requestTls: { ...CONNECTING, ...verified },
    proxyTls: CONNECTING,
    // Unencrypted requests to the proxy have the same limits, and opening a tunnel has a deadline.
    factory: (origin, options) => new Pool(origin, { ...LIMITS, ...options }),
    clientFactory: (origin, options) => new Pool(origin, { headersTimeout: CONNECT_DEADLINE_MS, ...options }),
  });
}
