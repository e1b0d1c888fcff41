import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { PluginConfiguration } from './configuration.ts';

/** Longer than a busy machine takes, and shorter than a health check waits by default. */
const DEADLINE_MS = 5_000;

/** What is read of the configuration. */
type Monitoring = Pick<PluginConfiguration['monitoring'], 'enabled' | 'host' | 'port' | 'token' | 'viewToken' | 'tls'>;

/**
 * Asks the plugin of the same configuration, on the same machine or in the same container, whether it serves its socket:
 * `/livez` of its monitoring. Never rejects.
 *
 * @returns `null` where it does, else why not.
 */
export async function checkLive(monitoring: Monitoring): Promise<string | null> {
  if (!monitoring.enabled) return 'there is nobody to ask with ENABLE_MONITORING=false';
  const token = monitoring.viewToken ?? monitoring.token;
  const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const options = {
    host: everywhere[monitoring.host] ?? monitoring.host,
    port: monitoring.port,
    path: '/livez',
    headers: { Host: 'localhost', ...(token === undefined ? {} : { Authorization: `Bearer ${token.read()}` }) },
    signal: AbortSignal.timeout(DEADLINE_MS),
  };
  if (monitoring.tls === undefined) return ask((answered) => request(options, answered));
  const { request: secureRequest } = await import('node:https');
  // It is this machine that is asked, by an address that stands in no certificate.
  return ask((answered) => secureRequest({ ...options, rejectUnauthorized: false }, answered));
}

function ask(send: (answered: (answer: IncomingMessage) => void) => ClientRequest): Promise<string | null> {
  return new Promise((resolve) => {
    send((answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 ? null : `/livez answered ${answer.statusCode}`);
    })
      .once('error', (error) => resolve(`/livez can't be asked: ${error.message}`))
      .end();
  });
}
