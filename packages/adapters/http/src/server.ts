import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Clock, Events } from '@vault-swarm/provider';
import { Access } from './access.ts';
import { createApp } from './app.ts';
import { defaultAssetsDirectory, readAssets } from './assets.ts';
import type { MonitoringConfig } from './config.ts';
import type { MonitoringSources } from './sources.ts';

// Monitoring is asked small questions by few; who is slow or many must not cost the plugin its memory or its sockets.
const LIMITS = { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 65_000, maxHeaderSize: 16_384 };
const IDLE_TIMEOUT_MS = 70_000;
const MAX_CONNECTIONS = 256;
const CLOSING_DEADLINE_MS = 5_000;

/** The monitoring port. */
export interface MonitoringServer {
  /**
   * Listens, and gives the address: `http://127.0.0.1:8080`. Rejects with a sentence that says why where it can't (the
   * port is taken); may be called again then.
   */
  listen(): Promise<string>;
  /** Takes no more requests and resolves when those under way are answered, or were cut off after 5 s. */
  close(): Promise<void>;
  /** Where it listens; `null` where it doesn't. */
  readonly address: string | null;
}

/** What {@link createMonitoringServer} needs. */
export interface MonitoringServerOptions {
  readonly config: MonitoringConfig;
  readonly sources: MonitoringSources;
  readonly clock: Clock;
  /** Gets `monitoring.failed` for a request that could not be answered. */
  readonly events: Events;
  /** Where the dashboard's files are; by default where this package has them. */
  readonly assetsDirectory?: string;
}

/** Makes the server, and reads the dashboard's files; it listens when it is told to. */
export function createMonitoringServer(options: MonitoringServerOptions): MonitoringServer {
  const { config, events } = options;
  const app = createApp({
    ...options,
    access: new Access(config),
    assets: readAssets(options.assetsDirectory ?? defaultAssetsDirectory),
  });
  const server = createServer(LIMITS, app.handle);
  server.setTimeout(IDLE_TIMEOUT_MS);
  server.maxConnections = MAX_CONNECTIONS;
  server.on('error', (error) => {
    if (server.listening) events.emit({ type: 'monitoring.failed', message: error.message });
  });
  return {
    async listen() {
      await startListening(server, config);
      return addressOf(server) ?? '';
    },
    close: prepareClosing(server, () => app.closeStreams()),
    get address() {
      return addressOf(server);
    },
  };
}

function startListening(server: Server, { host, port }: MonitoringConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      server.off('listening', onListening);
      reject(new Error(refusal(error, host, port), { cause: error }));
    };
    const onListening = () => {
      server.off('error', onError);
      resolve();
    };
    server.once('error', onError).once('listening', onListening).listen({ host, port });
  });
}

function refusal(error: NodeJS.ErrnoException, host: string, port: number): string {
  const where = `${bracketed(host)}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where} is taken by another process; stop it, or choose another MONITORING_PORT`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${where} is no address of this machine; choose another MONITORING_HOST`;
    case 'EACCES':
      return `this process may not listen on ${where}; choose a MONITORING_PORT from 1024 on`;
    default:
      return `can't listen on ${where}: ${error.message}`;
  }
}

/** How a server is closed so that no request is cut off and no idle connection holds it open. */
function prepareClosing(server: Server, closeStreams: () => void): () => Promise<void> {
  const underWay = new Set<ServerResponse>();
  let closing = false;
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
    if (closing) response.setHeader('Connection', 'close');
  });
  return () => {
    if (!server.listening) return Promise.resolve();
    closing = true;
    closeStreams();
    for (const response of underWay) if (!response.headersSent) response.setHeader('Connection', 'close');
    return new Promise((resolve) => {
      const cut = setTimeout(() => server.closeAllConnections(), CLOSING_DEADLINE_MS);
      server.close(() => {
        clearTimeout(cut);
        closing = false;
        resolve();
      });
      server.closeIdleConnections();
    });
  };
}

function addressOf(server: Server): string | null {
  const address = server.address();
  return address === null || typeof address === 'string'
    ? null
    : `http://${bracketed(address.address)}:${address.port}`;
}

function bracketed(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
