import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';
import type { MonitoringConfig } from '../config.ts';

/** Listens. Rejects with a sentence that says why it can't. */
export function startListening(server: Server, { host, port }: Pick<MonitoringConfig, 'host' | 'port'>): Promise<void> {
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

/** Where it listens, such as `http://127.0.0.1:8080`; `null` if it does not. */
export function addressOf(server: Server, protocol: 'http' | 'https'): string | null {
  const address = server.address();
  return address === null || typeof address === 'string'
    ? null
    : `${protocol}://${bracketed(address.address)}:${address.port}`;
}

function refusal(error: NodeJS.ErrnoException, host: string, port: number): string {
  const where = `${bracketed(host)}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where} is in use by another process; stop that process, or set another MONITORING_PORT`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${where} is not an address of this machine; set another MONITORING_HOST`;
    case 'EACCES':
      return `this process has no permission to listen on ${where}; set a MONITORING_PORT of 1024 or higher`;
    default:
      return `can't listen on ${where}: ${error.message}`;
  }
}

function bracketed(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
