import { type Clock, displayText } from '@vault-swarm/kernel';
import { limitJson, ProviderError, parseLosslessJson, TooMuchJson } from '@vault-swarm/provider';
import { Connections, MAX_ANSWER_BYTES } from './connections.ts';
import type { ResponseJson, VaultResponse } from './http-types.ts';
import { NoResponse } from './no-response.ts';
import { withBytes } from './response-body.ts';
import { dateOf, retryAfterMs } from './retry-after.ts';
import type { VariablePrefix, VaultServer } from './vault-server.ts';

/** What node-vault hands to its transport: its own options, and those of ours that it passes through. */
interface SendOptions {
  readonly method: 'GET' | 'POST';
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly exactNumbers: boolean;
  readonly signal: AbortSignal;
  readonly onAnswer: (answer: VaultResponse) => void;
}

/** What node-vault expects of its transport. */
interface SendResult {
  readonly statusCode: number;
  readonly body: ResponseJson | undefined;
  readonly request: { readonly path: string };
}

const REDIRECTS = new Set([301, 302, 307, 308]);

/** One answer, and where else the server wants to be asked. */
interface Exchange {
  readonly answer: VaultResponse;
  readonly redirect: Redirect | null;
}

/** Where an answer sends us. */
interface Redirect {
  /** The host, as messages name it. */
  readonly host: string;
  /** `null` where it may not be followed: elsewhere than http, or from https to http. */
  readonly href: string | null;
}

/** HTTP below node-vault, which by itself heeds no signal and rounds numbers. */
export class Transport {
  readonly #server: string;
  readonly #clock: Clock;
  readonly #prefix: VariablePrefix;
  readonly #proxy: string | undefined;
  readonly #connections: Connections;

  constructor(server: string, config: Pick<VaultServer, 'tls' | 'prefix' | 'proxy' | 'socketPath'>, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
    this.#prefix = config.prefix;
    this.#proxy = config.proxy;
    this.#connections = new Connections(config, clock);
  }

  /** The certificate that our connections show, as PEM; empty where there is none. */
  get certificate(): string {
    return this.#connections.certificate;
  }

  /** Takes over certificates whose files have changed. */
  reloadCertificates(): void {
    this.#connections.reloadCertificates();
  }

  /** Ends all connections, and cuts off what is in progress. */
  close(): Promise<void> {
    return this.#connections.close();
  }

  /** The `send` of node-vault's hook `request-promise`. */
  readonly send = async (options: SendOptions): Promise<SendResult> => {
    const first = await this.#exchange(options, options.uri, this.#server);
    // A standby that does not forward sends us to the active node; Vault's own client follows once, too.
    const { answer } = first.redirect === null ? first : await this.#follow(options, first.redirect);
    if (answer.status === 200 && answer.body === undefined) {
      throw new ProviderError('UNAVAILABLE', `${this.#server} answers what is no JSON; is this Vault's address?`);
    }
    options.onAnswer(answer);
    // node-vault reads the status by this, and takes any for success where the path looks like sys/health: a secret's
    // path may. So it gets none, and what was answered goes by onAnswer.
    return { statusCode: answer.status, body: answer.body, request: { path: '' } };
  };

  async #follow(options: SendOptions, { href, host }: Redirect): Promise<Exchange> {
    const how = `${this.#server} redirects us to ${host}`;
    if (href === null) {
      throw new ProviderError('UNAVAILABLE', `${how}, which is not followed: it is not https; correct its api_addr`);
    }
    const second = await this.#exchange(options, href, `${how}, which`);
    if (second.redirect === null) return second;
    const message = `${how}, which redirects us to ${second.redirect.host}; only one redirect is followed`;
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
      const response = await dispatcher.request({
        origin,
        path: pathname + search,
        method,
        signal,
        headers: {
          ...headers,
          // Vault's agent and proxy can be set to refuse what lacks it.
          'X-Vault-Request': 'true',
          ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      });
      answered();
      const parsed = await withBytes(response.body, (bytes) => parseBody(bytes, exactNumbers));
      const status = response.statusCode;
      const serverTimeMs = timeOf(only(response.headers.date));
      const retryAfter = only(response.headers['retry-after']);
      return {
        answer: {
          status,
          ...parsed,
          retryAfterMs: retryAfterMs(retryAfter, serverTimeMs ?? this.#clock.now()),
          serverTimeMs,
        },
        redirect: REDIRECTS.has(status) ? redirectOf(uri, response.headers.location) : null,
      };
    });
  }

  /** A proxy's address without the user and password that it may have. */
  get #proxyToCheck(): string {
    return this.#proxy === undefined ? '' : `; it is asked through the proxy at ${new URL(this.#proxy).host}`;
  }

  /** The error as ours. The original is left out: an HTTP parser's error carries what it could not parse. */
  #failure(error: unknown, who: string): ProviderError {
    if (error instanceof TooMuchJson) {
      // Like an answer that is too long: it says nothing of the value that was read before.
      return new ProviderError('INVALID_PAYLOAD', `the answer of ${who} ${error.reason}`, { isProven: false });
    }
    const code = codeOf(error);
    if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
      return new ProviderError(
        'INVALID_PAYLOAD',
        `the answer of ${who} is larger than ${MAX_ANSWER_BYTES} bytes`,
        // No value that can be delivered makes such an answer: it says nothing of the one that was read before.
        { isProven: false },
      );
    }
    const displayName = code === '' ? '' : ` (${code})`;
    const [what, advice] = this.#trouble(code, who !== this.#server);
    return new NoResponse(`${who} ${what}${displayName}; ${advice}`, code);
  }

  #trouble(code: string, isRedirected: boolean): readonly [what: string, advice: string] {
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
      return ['has a certificate for another name', `give a name that it has as ${this.#prefix}_TLS_SERVER_NAME`];
    }
    return /CERT|ISSUER|SIGNATURE/.test(code)
      ? ['has a certificate that is not trusted', `give the certificate of its authority as ${this.#prefix}_CACERT`]
      : [
          "can't be reached",
          `check ${isRedirected ? "the server's api_addr" : `${this.#prefix}_ADDR`}, and that it runs${this.#proxyToCheck}`,
        ];
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : codeOf(error.cause);
  return /^[A-Z0-9_]{1,60}$/.test(code) ? code : '';
}

/** @throws {TooMuchJson} */
function parseBody(bytes: Uint8Array, exactNumbers: boolean): Pick<VaultResponse, 'body' | 'bodyLength'> {
  limitJson(bytes);
  const text = new TextDecoder().decode(bytes);
  return { body: parseText(text, exactNumbers), bodyLength: text.length };
}

function parseText(text: string, exactNumbers: boolean): ResponseJson | undefined {
  if (text === '') return undefined;
  try {
    return exactNumbers ? parseLosslessJson(text) : (JSON.parse(text) as ResponseJson);
  } catch {
    // The parser's message quotes the text. Without JSON the status alone tells.
    return undefined;
  }
}

/** Where a redirect leads; `null` where it names no address. Its query may have a token in it: only its host is shown. */
function redirectOf(from: string, location: string | string[] | undefined): Redirect | null {
  if (typeof location !== 'string' || !URL.canParse(location, from)) return null;
  const target = new URL(location, from);
  const isAllowed = target.protocol === 'https:' || (target.protocol === 'http:' && from.startsWith('http:'));
  return { host: displayText(`${target.protocol}//${target.host}`), href: isAllowed ? target.href : null };
}

/** A header that is there once. */
function only(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

function timeOf(header: string | undefined): number | undefined {
  const timeMs = dateOf(header ?? '');
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
