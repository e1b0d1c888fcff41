import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Clock } from '@vault-swarm/kernel';
import type { Events } from '@vault-swarm/provider';
import { Access } from './access/authorization.ts';
import { readDashboard } from './assets.ts';
import type { MonitoringConfig } from './config.ts';
import { prepareClosing } from './connections/closing.ts';
import { Connections } from './connections/connections.ts';
import { addressOf, startListening } from './connections/listening.ts';
import { LazyApp } from './lazy-app.ts';
import type { MonitoringSources } from './sources.ts';
import { CertificateReloader } from './tls/certificate-reloader.ts';

// Monitoring is asked small questions by few; who is slow or many must not cost the plugin its memory or its sockets.
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
   * Listens, and gives the address: `http://127.0.0.1:8080`. Rejects with a sentence that says why where it can't (the
   * port is taken); may be called again then.
   */
  listen(): Promise<string>;
  /** Takes no more requests and resolves when those in progress are answered, or were cut off after 5 s. */
  close(): Promise<void>;
  /** Where it listens; `null` where it doesn't. */
  readonly address: string | null;
}

/** What {@link createMonitoringServer} needs. */
export interface MonitoringServerOptions {
  readonly config: MonitoringConfig;
  readonly sources: MonitoringSources;
  readonly clock: Clock;
  /** Gets `monitoring.failed` for a request that could not be answered, and what becomes of the certificate. */
  readonly events: Events;
  /** The directory that the dashboard was built into. */
  readonly dashboardDirectory: string;
}

/** Makes the server; it listens when it is told to. The routes and the dashboard are loaded when the first request comes. */
export function createMonitoringServer(options: MonitoringServerOptions): MonitoringServer {
  const { config, clock, events, sources } = options;
  const certificate = config.tls === undefined ? null : new CertificateReloader(config.tls, clock, events);
  const access = new Access(
    config,
    clock,
    certificate === null ? null : (hostname) => certificate.current.isFor(hostname),
  );
  const app = new LazyApp(events, async () => {
    const { createApp } = await import('./app.ts');
    return createApp({
      ...options,
      sources: { ...sources, problems: () => [...sources.problems(), ...(certificate?.problems() ?? [])] },
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
