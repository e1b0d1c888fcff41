import {
  type Attempt,
  type Clock,
  DeadlineExceeded,
  type Random,
  TransientRetries,
  withDeadline,
} from '@vault-swarm/kernel';
import { type Events, limitJson, ProviderError, type ProviderErrorCode, type Proxies } from '@vault-swarm/provider';
import { Connections, type ConnectOptions, MAX_RESPONSE_BYTES } from './connections.ts';
import { exchange } from './exchange.ts';
import { NetworkError } from './network-error.ts';
import { dateOf, retryAfterMs } from './retry-after.ts';

/** The deadline of one call, including its retries and the wait for a connection. */
const CALL_DEADLINE_MS = 10_000;

/** The dependencies of {@link RestClient}. */
export interface RestClientOptions {
  /** The provider instance's name in events. */
  readonly name: string;
  readonly clock: Clock;
  /** For the jitter of retries. */
  readonly random: Random;
  /** Receives an event for every request. */
  readonly events: Events;
  readonly proxies: Proxies;
  /** How servers are found and verified; the default is the system's way. */
  readonly connect?: ConnectOptions;
}

/** One call. It must have no effect that a repetition would double. */
export interface RestCall {
  /** Its purpose for events, such as `read`. */
  readonly operation: string;
  /** The server for messages: `azure at https://example.vault.azure.net`. */
  readonly server: string;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** True: the body of the response is a text, not JSON. */
  readonly isText?: boolean;
  /** Parses the body instead. The bytes are valid only during the call. */
  readonly parse?: (bytes: Uint8Array) => unknown;
  /** True: it is sent without a proxy, as to a metadata service. */
  readonly noProxy?: boolean;
  /** The error that a response means; `null` if it is the expected one. It must contain nothing of the response. */
  readonly errorOf: (response: RestResponse) => ProviderError | null;
  readonly signal: AbortSignal;
}

/** A response with any status. Redirects are not followed. */
export interface RestResponse {
  readonly status: number;
  /** Parsed JSON, or the text if {@link RestCall.isText}. `undefined` if it is not JSON. */
  readonly body: unknown;
  /** The wait that the header `Retry-After` requests. */
  readonly retryAfterMs: number | undefined;
  /** The server's time in milliseconds since 1970, rounded down to the second. */
  readonly serverTimeMs: number | undefined;
  /** A header that occurs once. */
  header(name: string): string | undefined;
}

/**
 * Sends calls to the servers of one provider instance: HTTPS and JSON. Responses have limits, and their bytes are
 * overwritten after they were parsed. A call that fails transiently is repeated at most twice.
 */
export class RestClient {
  readonly #options: RestClientOptions;
  readonly #connections: Connections;
  readonly #retries: TransientRetries;
  readonly #closing = new AbortController();

  constructor(options: RestClientOptions) {
    this.#options = options;
    this.#connections = new Connections(options.proxies, options.connect ?? {}, options.clock);
    this.#retries = new TransientRetries(options.clock, options.random);
  }

  /**
   * Sends a call and returns its response.
   *
   * @throws {ProviderError} what `errorOf` says; `UNAVAILABLE` if there is no response within 10 s, or the call was
   * aborted; `INVALID_PAYLOAD`, not proven, if the response is too large.
   */
  async send(call: RestCall): Promise<RestResponse> {
    const either = AbortSignal.any([call.signal, this.#closing.signal]);
    try {
      return await withDeadline(this.#options.clock, CALL_DEADLINE_MS, either, (signal) =>
        this.#retries.run(signal, (attempt) => this.#attempt(call, signal, attempt)),
      );
    } catch (error) {
      if (either.aborted) throw new ProviderError('UNAVAILABLE', `the call to ${call.server} was aborted`);
      if (error instanceof DeadlineExceeded) {
        throw new ProviderError(
          'UNAVAILABLE',
          `${call.server} did not answer within ${error.deadlineMs} ms; check the network and any proxy on the way`,
        );
      }
      throw error;
    }
  }

  /** Closes all connections and aborts calls in flight. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('closed'));
    await this.#connections.close();
  }

  async #attempt(call: RestCall, signal: AbortSignal, { failed }: Attempt): Promise<RestResponse> {
    const { clock } = this.#options;
    const startedAtMs = clock.monotonic();
    const report = (outcome: 'ok' | ProviderErrorCode, isRepeated: boolean) => {
      const { name: provider, events } = this.#options;
      const durationMs = clock.monotonic() - startedAtMs;
      const event = { type: 'provider.request-completed', provider, operation: call.operation, outcome } as const;
      events.emit({ ...event, durationMs, ...(isRepeated ? { isRepeated } : {}) });
    };
    try {
      const response = await this.#exchange(call, signal);
      const error = call.errorOf(response);
      if (error === null) {
        report('ok', false);
        return response;
      }
      // A server that says when to come back is not asked before.
      const maySoonPass = response.status >= 500 && response.retryAfterMs === undefined;
      const isRepeated = error.code === 'UNAVAILABLE' && failed(maySoonPass);
      report(error.code, isRepeated);
      throw error;
    } catch (error) {
      if (error instanceof ProviderError && !(error instanceof NetworkError)) throw error;
      const failure = error instanceof NetworkError ? error : new NetworkError(error, call.server, MAX_RESPONSE_BYTES);
      report(failure.code, failed(failure.maySoonPass && !signal.aborted));
      throw failure;
    }
  }

  #exchange(call: RestCall, signal: AbortSignal): Promise<RestResponse> {
    const url = new URL(call.url);
    return this.#connections.use(url, { signal, noProxy: call.noProxy === true }, async (dispatcher, answered) => {
      const { status, headers, body } = await exchange(
        dispatcher,
        {
          origin: url.origin,
          path: url.pathname + url.search,
          method: call.method,
          headers: { accept: call.isText === true ? '*/*' : 'application/json', ...call.headers },
          body: call.body ?? null,
        },
        { signal, answered, parse: call.parse ?? (call.isText === true ? textOf : parseJson) },
      );
      const header = (name: string) => {
        const value = headers[name];
        return typeof value === 'string' ? value : undefined;
      };
      const timeMs = dateOf(header('date') ?? '');
      const serverTimeMs = Number.isNaN(timeMs) ? undefined : timeMs;
      return {
        status,
        body,
        retryAfterMs: retryAfterMs(header('retry-after'), serverTimeMs ?? this.#options.clock.now()),
        serverTimeMs,
        header,
      };
    });
  }
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** @throws {TooMuchJson} */
function parseJson(bytes: Uint8Array): unknown {
  limitJson(bytes);
  try {
    return JSON.parse(textOf(bytes));
  } catch {
    // The parser's message quotes the text. Without JSON, only the status is used.
    return undefined;
  }
}
