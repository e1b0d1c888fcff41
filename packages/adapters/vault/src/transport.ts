import { type Clock, connectionFailure, displayText } from '@vault-swarm/kernel';
import { isThisMachine, limitJson, ProviderError, parseLosslessJson, TooMuchJson } from '@vault-swarm/provider';
import { dateOf, exchange, retryAfterMs } from '@vault-swarm/rest-client';
import { Connections, MAX_ANSWER_BYTES } from './connections.ts';
import type { ResponseJson, VaultResponse } from './http-types.ts';
import { NoResponse } from './no-response.ts';
import type { VariablePrefix, VaultServer } from './vault-server.ts';

/** The options that node-vault passes to its transport, including ours. */
interface SendOptions {
  readonly method: 'GET' | 'POST';
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly exactNumbers: boolean;
  readonly signal: AbortSignal;
  readonly onAnswer: (answer: VaultResponse) => void;
}

/** The result that node-vault expects of its transport. */
interface SendResult {
  readonly statusCode: number;
  readonly body: ResponseJson | undefined;
  readonly request: { readonly path: string };
}

const REDIRECTS = new Set([301, 302, 307, 308]);

/** One response, and a redirect if there is one. */
interface Exchange {
  readonly answer: VaultResponse;
  readonly redirect: Redirect | null;
}

/** The target of a redirect. */
interface Redirect {
  /** The host for messages. */
  readonly host: string;
  /** `null` if it must not be followed: not http, or from https to http. */
  readonly href: string | null;
  /** Whether it is the server's page for people. Vault sends everything there that is not its API. */
  readonly isPage: boolean;
}

/** HTTP for node-vault, whose own transport ignores signals and rounds numbers. */
export class Transport {
  readonly #server: string;
  readonly #clock: Clock;
  readonly #prefix: VariablePrefix;
  readonly #address: string;
  readonly #proxy: string | undefined;
  readonly #connections: Connections;

  constructor(
    server: string,
    config: Pick<VaultServer, 'address' | 'tls' | 'prefix' | 'proxy' | 'socketPath'>,
    clock: Clock,
  ) {
    this.#server = server;
    this.#clock = clock;
    this.#prefix = config.prefix;
    this.#address = config.address;
    this.#proxy = config.proxy;
    this.#connections = new Connections(config, clock);
  }

  /** The client certificate as PEM; empty if there is none. */
  get certificate(): string {
    return this.#connections.certificate;
  }

  /** Uses changed certificate files. */
  reloadCertificates(): void {
    this.#connections.reloadCertificates();
  }

  /** Closes all connections and aborts calls in flight. */
  close(): Promise<void> {
    return this.#connections.close();
  }

  /** The `send` of node-vault's hook `request-promise`. */
  readonly send = async (options: SendOptions): Promise<SendResult> => {
    const first = await this.#exchange(options, options.uri, this.#server);
    // A standby that does not forward redirects to the active server. Vault's own client also follows one redirect.
    const { answer } = first.redirect === null ? first : await this.#follow(options, first.redirect);
    if (isHttpToTls(answer)) {
      throw new ProviderError(
        'UNAVAILABLE',
        `${this.#server} speaks TLS at this port; start ${this.#prefix}_ADDR with https://`,
      );
    }
    if (answer.status === 200 && answer.body === undefined) {
      throw new ProviderError('UNAVAILABLE', `${this.#server} sends a response that is not JSON; ${this.#pathToCheck}`);
    }
    options.onAnswer(answer);
    // node-vault reads the status from this, and accepts any status if the path looks like sys/health, which a secret's
    // path may. So it gets no status, and the response is passed by onAnswer.
    return { statusCode: answer.status, body: answer.body, request: { path: '' } };
  };

  /** Vault answers paths that it does not know with its page for people. */
  get #pathToCheck(): string {
    const path = URL.canParse(this.#address) ? new URL(this.#address).pathname.replace(/\/$/, '') : '';
    return path === ''
      ? `check that ${this.#prefix}_ADDR is the address of Vault's API`
      : `remove the path ${displayText(path)} from ${this.#prefix}_ADDR, unless a proxy needs it`;
  }

  async #follow(options: SendOptions, { href, host, isPage }: Redirect): Promise<Exchange> {
    if (isPage) {
      throw new ProviderError('UNAVAILABLE', `${this.#server} redirects to its page for people; ${this.#pathToCheck}`);
    }
    const how = `${this.#server} redirects to ${host}`;
    if (href === null) {
      throw new ProviderError(
        'UNAVAILABLE',
        `${how}, which is not followed because it is not https; correct its api_addr`,
      );
    }
    const second = await this.#exchange(options, href, `${how}, which`);
    if (second.redirect === null) return second;
    const message = `${how}, which redirects to ${second.redirect.host}; only one redirect is followed`;
    throw new ProviderError('UNAVAILABLE', `${message}: use the address of the active server`);
  }

  async #exchange(options: SendOptions, uri: string, who: string): Promise<Exchange> {
    try {
      return await this.#once(options, uri);
    } catch (error) {
      throw this.#failure(error, who);
    }
  }

  #once({ method, headers, json, exactNumbers, signal }: SendOptions, uri: string): Promise<Exchange> {
    return this.#connections.use(signal, async (dispatcher, answered) => {
      const { origin, pathname, search } = new URL(uri);
      const response = await exchange(
        dispatcher,
        {
          origin,
          path: pathname + search,
          method,
          headers: {
            ...headers,
            // Vault's agent and proxy can be configured to require this header.
            'X-Vault-Request': 'true',
            ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
          },
          body: json === undefined ? null : JSON.stringify(json),
        },
        { signal, answered, parse: (bytes) => parseBody(bytes, exactNumbers) },
      );
      const serverTimeMs = timeOf(only(response.headers.date));
      const retryAfter = only(response.headers['retry-after']);
      return {
        answer: {
          status: response.status,
          ...response.body,
          retryAfterMs: retryAfterMs(retryAfter, serverTimeMs ?? this.#clock.now()),
          serverTimeMs,
        },
        redirect: REDIRECTS.has(response.status) ? redirectOf(uri, response.headers.location) : null,
      };
    });
  }

  /** The proxy's address without its user and password. */
  get #proxyToCheck(): string {
    return this.#proxy === undefined ? '' : `; the proxy at ${new URL(this.#proxy).host} is used`;
  }

  /** Converts the error. The original is not kept, because an HTTP parser's error contains the text. */
  #failure(error: unknown, who: string): ProviderError {
    if (error instanceof TooMuchJson) {
      // Like an answer that is too long: it says nothing of the value that was read before.
      return new ProviderError('INVALID_PAYLOAD', `the answer of ${who} ${error.reason}`, { isProven: false });
    }
    const code = codeOf(error);
    if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
      return new ProviderError(
        'INVALID_PAYLOAD',
        `the response of ${who} is larger than ${MAX_ANSWER_BYTES} bytes`,
        // No deliverable value makes such a response, so it says nothing about the cached value.
        { isProven: false },
      );
    }
    const displayName = code === '' ? '' : ` (${code})`;
    const [what, advice] = this.#trouble(code, who !== this.#server);
    return new NoResponse(`${who} ${what}${displayName}; ${advice}`, code);
  }

  /** What the setting of the address is, for messages. */
  #setting(isRedirected: boolean): string {
    return isRedirected ? "the server's api_addr" : `${this.#prefix}_ADDR`;
  }

  #trouble(code: string, isRedirected: boolean): readonly [what: string, advice: string] {
    const { reason, blame } = connectionFailure(code) ?? { reason: "can't be reached", blame: 'server' };
    const setting = this.#setting(isRedirected);
    const isTls = this.#address.startsWith('https:');
    switch (blame) {
      case 'certificate':
        return code === 'ERR_TLS_CERT_ALTNAME_INVALID'
          ? [reason, `set a name of the certificate as ${this.#prefix}_TLS_SERVER_NAME`]
          : [reason, `set the certificate of its authority as ${this.#prefix}_CACERT`];
      case 'name':
        return [reason, `check the name in ${setting}, and the DNS of this machine or container${this.#proxyToCheck}`];
      case 'scheme':
        return [
          reason,
          `start ${setting} with ${isTls ? 'http' : 'https'}://, or correct its port${this.#proxyToCheck}`,
        ];
      case 'server':
        // A server with TLS may just close the connection.
        return [
          reason,
          `check its log${isTls ? '' : `; if it uses TLS, start ${setting} with https://`}${this.#proxyToCheck}`,
        ];
      default:
        return [reason, `check ${setting}, and that it runs${this.#loopbackToCheck}${this.#proxyToCheck}`];
    }
  }

  /** In a container, the loopback address leads to the container itself. */
  get #loopbackToCheck(): string {
    return URL.canParse(this.#address) && isThisMachine(new URL(this.#address).hostname)
      ? '; in a container, this address is the container itself'
      : '';
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : codeOf(error.cause);
  return /^[A-Z0-9_]{1,60}$/.test(code) ? code : '';
}

/** @throws {TooMuchJson} */
function parseBody(
  bytes: Uint8Array,
  exactNumbers: boolean,
): Pick<VaultResponse, 'body' | 'bodyLength' | 'isHttpToTls'> {
  limitJson(bytes);
  const text = new TextDecoder().decode(bytes);
  return { body: parseText(text, exactNumbers), bodyLength: text.length, isHttpToTls: HTTP_TO_TLS.test(text) };
}

function parseText(text: string, exactNumbers: boolean): ResponseJson | undefined {
  if (text === '') return undefined;
  try {
    return exactNumbers ? parseLosslessJson(text) : (JSON.parse(text) as ResponseJson);
  } catch {
    // The parser's message quotes the text. Without JSON, only the status is used.
    return undefined;
  }
}

/** What servers written in Go, and nginx, answer to a request without TLS at a port with TLS. */
const HTTP_TO_TLS = /^Client sent an HTTP request to an HTTPS server|The plain HTTP request was sent to HTTPS port/;

function isHttpToTls(answer: VaultResponse): boolean {
  return answer.status === 400 && answer.isHttpToTls === true;
}

/**
 * The target of a redirect; `null` if it is not an address. Its query may contain a token, so only the host is shown.
 */
function redirectOf(from: string, location: string | string[] | undefined): Redirect | null {
  if (typeof location !== 'string' || !URL.canParse(location, from)) return null;
  const target = new URL(location, from);
  const isAllowed = target.protocol === 'https:' || (target.protocol === 'http:' && from.startsWith('http:'));
  return {
    host: displayText(`${target.protocol}//${target.host}`),
    href: isAllowed ? target.href : null,
    isPage: /^\/ui(?:\/|$)/.test(target.pathname),
  };
}

/** A header that occurs once. */
function only(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

function timeOf(header: string | undefined): number | undefined {
  const timeMs = dateOf(header ?? '');
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
