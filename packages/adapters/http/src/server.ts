import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Clock, Emitter } from '@vault-swarm/kernel';
import { ProblemAges } from '@vault-swarm/metrics';
import { rankedProblems } from '@vault-swarm/provider';
import { Access } from './access/authorization.ts';
import { readDashboard } from './assets.ts';
import type { MonitoringConfig } from './config.ts';
import { prepareClosing } from './connections/closing.ts';
import { Connections } from './connections/connections.ts';
import { addressOf, startListening } from './connections/listening.ts';
import type { HookConfig } from './hooks/hook-config.ts';
import { LazyApp } from './lazy-app.ts';
import type { MonitoringEvent } from './monitoring-events.ts';
import type { MonitoringSources } from './sources.ts';
import { CertificateReloader } from './tls/certificate-reloader.ts';

// Monitoring has few clients and small requests. Slow or many clients must not use up the plugin's memory or sockets.
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: 65_000,
  maxHeaderSize: 16_384,
};
const TLS_LIMITS = { minVersion: 'TLSv1.2', handshakeTimeout: 10_000 } as const;
const IDLE_TIMEOUT_MS = 70_000;
const CONNECTION_LIMITS = { maxConnections: 256, answerTimeoutMs: 30_000 };

/** The monitoring port. */
export interface MonitoringServer {
  /**
   * Listens and returns the address: `http://127.0.0.1:8080`. Rejects with a sentence that says why it can't (the port
   * is in use); may then be called again.
   */
  listen(): Promise<string>;
  /** Accepts no more requests. Resolves when requests in flight are answered, or were aborted after 5 s. */
  close(): Promise<void>;
  /** Where it listens; `null` if it does not. */
  readonly address: string | null;
}

/** The dependencies of {@link createMonitoringServer}. */
export interface MonitoringServerOptions {
  readonly config: MonitoringConfig;
  readonly hooks: readonly HookConfig[];
  readonly sources: MonitoringSources;
  readonly clock: Clock;
  /** Receives `monitoring.failed` for a request that could not be answered, and events about the certificate. */
  readonly events: Emitter<MonitoringEvent>;
  /** The directory of the built dashboard. */
  readonly dashboardDirectory: string;
}

/** Creates the server; `listen` starts it. The routes and the dashboard are loaded with the first request. */
export function createMonitoringServer(options: MonitoringServerOptions): MonitoringServer {
  const { config, clock, events, sources } = options;
  const certificate = config.tls === undefined ? null : new CertificateReloader(config.tls, clock, events);
  const access = new Access(
    config,
    clock,
    certificate === null ? null : (hostname) => certificate.current.isFor(hostname),
  );
  const ages = new ProblemAges();
  const problems = () => {
    const own = ages.date(certificate?.problems() ?? [], clock.now());
    return rankedProblems([...sources.problems(), ...own]);
  };
  const app = new LazyApp(events, async () => {
    const { createApp } = await import('./app.ts');
    return createApp({
      ...options,
      sources: { ...sources, problems },
      access,
      dashboard: readDashboard(options.dashboardDirectory),
    });
  });
  const { server, watch } = serverFor(certificate, app.handle);
  server.setTimeout(IDLE_TIMEOUT_MS);
  server.on('error', (error) => {
    if (server.listening) events.emit({ type: 'monitoring.failed', message: error.message });
  });
  const connections = new Connections(server, CONNECTION_LIMITS);
  const protocol = certificate === null ? 'http' : 'https';
  const closeServer = prepareClosing(server, connections);
  return {
    async listen() {
      await startListening(server, config);
      watch();
      return addressOf(server, protocol) ?? '';
    },
    close() {
      certificate?.close();
      app.closeStreams();
      return closeServer();
    },
    get address() {
      return addressOf(server, protocol);
    },
  };
}

function serverFor(
  certificate: CertificateReloader | null,
  handle: RequestListener,
): { readonly server: Server; watch(): void } {
  if (certificate === null) return { server: createServer(LIMITS, handle), watch: () => {} };
  const { cert, key } = certificate.current;
  const server = createTlsServer({ ...LIMITS, ...TLS_LIMITS, cert, key }, handle);
  return {
    server,
    watch: () =>
      certificate.watch((next) => server.setSecureContext({ ...TLS_LIMITS, cert: next.cert, key: next.key })),
  };
}
