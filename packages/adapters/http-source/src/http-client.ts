import { type Clock, displayText, type Random } from '@vault-swarm/kernel';
import {
  type CallBudget,
  type Events,
  type LosslessJson,
  limitJson,
  ProviderError,
  type Proxies,
  parseLosslessJson,
  TooMuchJson,
} from '@vault-swarm/provider';
import { type ConnectOptions, RestClient } from '@vault-swarm/rest-client';
import { lookupAllowed } from './allowed-lookup.ts';
import type { HttpConfig, HttpHeader } from './config.ts';
import { errorFor } from './http-error.ts';
import type { HttpCall, HttpResponse } from './http-types.ts';
import { tagIn } from './seen-tags.ts';
import { readTlsMaterial } from './tls-material.ts';

/** The dependencies of {@link HttpClient}. */
export interface HttpClientOptions {
  /** The instance's name in messages and events. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: Events;
  readonly budget: CallBudget;
}

/** How long an old client's calls may last: longer than the deadline of a call. */
const RETIRED_AFTER_MS = 15_000;

/**
 * Sends requests to the configured server, with the configured headers. Redirects are not followed, and addresses of
 * metadata services are not connected to. Changed files of credentials and certificates apply from the next request.
 */
export class HttpClient {
  readonly #config: HttpConfig;
  readonly #options: HttpClientOptions;
  readonly #server: string;
  readonly #retired = new Map<RestClient, () => void>();
  #connect: ConnectOptions;
  #rest: RestClient;

  constructor(config: HttpConfig, options: HttpClientOptions) {
    this.#config = config;
    this.#options = options;
    this.#server = `${options.name} at ${displayText(config.url)}`;
    this.#connect = this.#connectOptions() ?? {};
    this.#rest = this.#open();
  }

  /**
   * Sends a request, and repeats it at most twice after a transient failure.
   *
   * @throws {ProviderError} as `errorFor` says; `UNAVAILABLE` if there is no response within 10 s, or if the call was
   * aborted; `INVALID_PAYLOAD`, not proven, if the response is too large.
   */
  async request(call: HttpCall): Promise<HttpResponse> {
    this.#reloadCertificates();
    let found: HttpResponse | undefined;
    await this.#rest.send({
      operation: call.operation,
      server: this.#server,
      method: call.method,
      url: `${this.#config.url}${call.path}`,
      headers: {
        ...this.#headers(),
        ...(call.ifNoneMatch === undefined ? {} : { 'if-none-match': call.ifNoneMatch }),
      },
      parse: bodyOf,
      errorOf: ({ status, body, retryAfterMs, header }) => {
        found = {
          status,
          ...(body as ReturnType<typeof bodyOf>),
          etag: tagIn(header('etag')),
          redirect: hostIn(header('location'), this.#config.url),
          retryAfterMs,
        };
        return errorFor(found, call.subject);
      },
      signal: call.signal,
    });
    if (found === undefined) throw new ProviderError('UNAVAILABLE', `${this.#server} gave no response`);
    return found;
  }

  /** Closes all connections and aborts calls in flight. */
  async close(): Promise<void> {
    const retired = [...this.#retired];
    this.#retired.clear();
    for (const [, cancel] of retired) cancel();
    await Promise.all([this.#rest, ...retired.map(([rest]) => rest)].map((rest) => rest.close()));
  }

  #headers(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.#config.headers.map((header) => [
        header.name.toLowerCase(),
        `${header.before}${this.#credentialOf(header)}${header.after}`,
      ]),
    );
  }

  #credentialOf({ name, credential, isBase64 }: HttpHeader): string {
    if (credential === undefined) return '';
    try {
      const text = credential.read();
      return isBase64 ? Buffer.from(text).toString('base64') : text;
    } catch {
      const message = `${this.#server}: the file with the credential of the header ${name} can't be read; write it again`;
      throw new ProviderError('UNAUTHENTICATED', message);
    }
  }

  #reloadCertificates(): void {
    const { tls } = this.#config;
    if (tls.ca === undefined && tls.certificate === undefined) return;
    const connect = this.#connectOptions();
    const known = this.#connect;
    if (connect === null) return;
    if (connect.ca === known.ca && connect.cert === known.cert && connect.key === known.key) return;
    const old = this.#rest;
    this.#connect = connect;
    this.#rest = this.#open();
    const cancel = this.#options.clock.after(RETIRED_AFTER_MS, () => {
      this.#retired.delete(old);
      void old.close();
    });
    this.#retired.set(old, cancel);
  }

  /** `null` if a certificate file can't be used now. */
  #connectOptions(): ConnectOptions | null {
    const { serverName } = this.#config.tls;
    const material = readTlsMaterial(this.#config.tls);
    if (material === null) return null;
    return {
      ...material,
      ...(serverName === undefined ? {} : { servername: serverName }),
      lookup: lookupAllowed(this.#server),
    };
  }

  #open(): RestClient {
    const { budget, events, ...options } = this.#options;
    const { proxy } = this.#config;
    const proxies: Proxies = { http: proxy, https: proxy, noProxy: [] };
    const counted: Events = {
      emit: (event) => {
        if (event.type === 'provider.request-completed') budget.count();
        events.emit(event);
      },
    };
    return new RestClient({ ...options, events: counted, proxies, connect: this.#connect });
  }
}

/** @throws {TooMuchJson} if there are too many values in it. */
function bodyOf(bytes: Uint8Array): Pick<HttpResponse, 'bytes' | 'json'> {
  return { bytes: new Uint8Array(bytes), json: jsonOf(bytes) };
}

function jsonOf(bytes: Uint8Array): LosslessJson | undefined {
  try {
    limitJson(bytes);
    return parseLosslessJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (error instanceof TooMuchJson) throw error;
    // The parser's message quotes the text, which may be a secret.
    return undefined;
  }
}

/** The host of a redirect. The rest of the address may contain a token. */
function hostIn(location: string | undefined, from: string): string | undefined {
  return location === undefined ? undefined : URL.parse(location, from)?.host;
}
