import { ProviderError, parseExactJson } from '@vault-swarm/provider';
import { Agent, type Dispatcher, request } from 'undici';
import type { AnswerJson, VaultAnswer } from './answer.ts';
import type { VaultTlsConfig } from './config.ts';

/** What node-vault hands to its transport: its own options, and those of ours that it passes through. */
interface SendOptions {
  readonly method: 'GET' | 'POST';
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly exactNumbers: boolean;
  readonly signal: AbortSignal;
  readonly onAnswer: (answer: VaultAnswer) => void;
}

/** What node-vault expects of its transport. */
interface SendResult {
  readonly statusCode: number;
  readonly body: AnswerJson | undefined;
  readonly request: { readonly path: string };
}

/** Connections to one server, each kept open for 30 s after its last use. */
const MAX_CONNECTIONS = 16;
const KEEP_ALIVE_MS = 30_000;
const CONNECT_DEADLINE_MS = 5_000;
/** No value of 500 KiB can be delivered; a path may have many fields. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** Failures of a connection that was kept open and ended just as it was used again. */
const STALE_CONNECTION = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
const REDIRECTS = new Set([301, 302, 307, 308]);

/** HTTP below node-vault, which by itself heeds no signal and rounds numbers. */
export class Transport {
  readonly #server: string;
  readonly #agent: Agent;

  constructor(server: string, tls: VaultTlsConfig) {
    this.#server = server;
    this.#agent = new Agent({
      connections: MAX_CONNECTIONS,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxResponseSize: MAX_ANSWER_BYTES,
      connect: {
        timeout: CONNECT_DEADLINE_MS,
        rejectUnauthorized: !tls.skipVerify,
        ...(tls.ca === undefined ? {} : { ca: tls.ca }),
        ...(tls.clientCertificate === undefined ? {} : { cert: tls.clientCertificate }),
        ...(tls.clientKey === undefined ? {} : { key: tls.clientKey.read() }),
      },
    });
  }

  /** Ends all connections, and cuts off what is under way. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  /** The `send` of node-vault's hook `request-promise`. */
  readonly send = async (options: SendOptions): Promise<SendResult> => {
    let response = await this.#dispatch(options, options.uri);
    if (REDIRECTS.has(response.statusCode)) {
      // A standby that does not forward sends us to the active node; Vault's own client follows once, too.
      const target = redirectTarget(options.uri, response.headers.location);
      await response.body.dump();
      if (target !== null) response = await this.#dispatch(options, target);
    }
    const text = await this.#text(response);
    const answer: VaultAnswer = {
      status: response.statusCode,
      body: parseBody(text, options.exactNumbers),
      bodyLength: text.length,
      retryAfterMs: retryAfterMs(response.headers['retry-after']),
      serverTimeMs: timeOf(response.headers.date),
    };
    if (answer.status === 200 && answer.body === undefined) {
      throw new ProviderError('UNAVAILABLE', `${this.#server} answers what is no JSON; is this Vault's address?`);
    }
    options.onAnswer(answer);
    // node-vault reads the status by this, and takes any for success where the path looks like sys/health: a secret's
    // path may. So it gets none, and what was answered goes by onAnswer.
    return { statusCode: answer.status, body: answer.body, request: { path: '' } };
  };

  async #dispatch(options: SendOptions, uri: string): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#once(options, uri);
    } catch (error) {
      if (options.method !== 'GET' || options.signal.aborted || !STALE_CONNECTION.has(codeOf(error))) {
        throw this.#failure(error);
      }
    }
    return this.#once(options, uri).catch((error: unknown) => Promise.reject(this.#failure(error)));
  }

  #once({ method, headers, json, signal }: SendOptions, uri: string): Promise<Dispatcher.ResponseData> {
    const body = json === undefined ? {} : { body: JSON.stringify(json) };
    return request(uri, {
      dispatcher: this.#agent,
      method,
      signal,
      ...body,
      headers: {
        ...headers,
        // Vault's agent and proxy can be set to refuse what lacks it.
        'X-Vault-Request': 'true',
        ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
    });
  }

  async #text(response: Dispatcher.ResponseData): Promise<string> {
    try {
      return await response.body.text();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** The error as ours. The original is left out: an HTTP parser's error carries what it could not parse. */
  #failure(error: unknown): ProviderError {
    const code = codeOf(error);
    if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
      return new ProviderError(
        'INVALID_PAYLOAD',
        `the answer of ${this.#server} is larger than ${MAX_ANSWER_BYTES} bytes`,
      );
    }
    const shown = code === '' ? '' : ` (${code})`;
    const advice = /CERT|ALTNAME|ISSUER|SIGNATURE/.test(code)
      ? 'has a certificate that is not trusted'
      : "can't be reached";
    return new ProviderError('UNAVAILABLE', `${this.#server} ${advice}${shown}`);
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : codeOf(error.cause);
  return /^[A-Z0-9_]{1,60}$/.test(code) ? code : '';
}

function parseBody(text: string, exactNumbers: boolean): AnswerJson | undefined {
  if (text === '') return undefined;
  try {
    return exactNumbers ? parseExactJson(text) : (JSON.parse(text) as AnswerJson);
  } catch {
    // The parser's message quotes the text. Without JSON the status alone tells.
    return undefined;
  }
}

/** Where a redirect leads; `null` where it may not be followed: elsewhere than http, or from https to http. */
function redirectTarget(from: string, location: string | string[] | undefined): string | null {
  if (typeof location !== 'string' || !URL.canParse(location, from)) return null;
  const target = new URL(location, from);
  const allowed = target.protocol === 'https:' || (target.protocol === 'http:' && from.startsWith('http:'));
  return allowed ? target.href : null;
}

function retryAfterMs(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string') return undefined;
  return /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1000 : undefined;
}

function timeOf(header: string | string[] | undefined): number | undefined {
  const timeMs = typeof header === 'string' ? Date.parse(header) : Number.NaN;
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
