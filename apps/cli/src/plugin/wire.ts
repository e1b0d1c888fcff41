import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { getCACertificates } from 'node:tls';
import type { PluginAddress } from './address.ts';

/** What is sent. */
export interface WireRequest {
  readonly method: 'GET' | 'POST';
  /** Below the address, without a slash at its start. */
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Connections to one plugin. */
export class Wire {
  readonly #address: PluginAddress;
  readonly #agent: HttpAgent;

  constructor(address: PluginAddress) {
    this.#address = address;
    this.#agent =
      address.url.protocol === 'https:'
        ? new HttpsAgent({ keepAlive: true, ca: trusted(address.ca), allowPartialTrustChain: true })
        : new HttpAgent({ keepAlive: true });
  }

  /** Sends, and resolves when the answer starts. Rejects with the error of Node, or the signal's reason. */
  send({ method, path, body, headers, signal }: WireRequest): Promise<IncomingMessage> {
    const { url, token } = this.#address;
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const outgoing = request(new URL(path, url), {
        method,
        agent: this.#agent,
        signal,
        headers: {
          'user-agent': 'vault-swarm',
          accept: 'application/json',
          ...(token !== null && { authorization: `Bearer ${token.read()}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
      });
      outgoing.once('response', resolve);
      outgoing.once('error', (error) => reject(signal.aborted ? signal.reason : error));
      outgoing.end(body);
    });
  }

  /** Closes the connections that are kept open. */
  close(): void {
    this.#agent.destroy();
  }
}

/** One's own authority, else those that come with Node and those of the system. */
function trusted(ca: string | null): string[] {
  return ca === null ? [...getCACertificates('default'), ...getCACertificates('system')] : [ca];
}
