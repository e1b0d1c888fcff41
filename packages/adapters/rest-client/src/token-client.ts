import { type CallBudget, ProviderError } from '@vault-swarm/provider';
import { type AccessToken, AccessTokens } from './access-tokens.ts';
import { type RestCall, RestClient, type RestClientOptions, type RestResponse } from './rest-client.ts';

/** The dependencies of {@link TokenClient}. */
export interface TokenClientOptions extends RestClientOptions {
  /** Counts each response, and makes probes wait if one asks for it. */
  readonly budget: CallBudget;
  /** Requests a token with the same client. Rejects with a `ProviderError`. It has its own deadline. */
  readonly requestToken: (rest: RestClient, signal: AbortSignal) => Promise<AccessToken>;
}

/** A GET that needs an access token. */
export type TokenCall = Pick<RestCall, 'operation' | 'server' | 'url' | 'errorOf' | 'signal'>;

/** Sends the calls of one provider instance with its access token, which is renewed before it ends. */
export class TokenClient {
  /** For calls without the token. */
  readonly rest: RestClient;
  readonly #tokens: AccessTokens;
  readonly #budget: CallBudget;
  readonly #closing = new AbortController();

  constructor({ budget, requestToken, ...options }: TokenClientOptions) {
    const rest = new RestClient(options);
    this.rest = rest;
    const request = (signal: AbortSignal) => requestToken(rest, AbortSignal.any([signal, this.#closing.signal]));
    this.#tokens = new AccessTokens({ ...options, request });
    this.#budget = budget;
  }

  /**
   * Sends a GET, and sends it again with another token if the provider rejected the first.
   *
   * @throws {ProviderError} as {@link RestClient.send}, or the error of the login.
   */
  async get(call: TokenCall): Promise<RestResponse> {
    const token = await this.#tokens.token(call.signal);
    try {
      return await this.#send(call, token);
    } catch (error) {
      if (!(error instanceof ProviderError) || error.code !== 'UNAUTHENTICATED') throw error;
      const renewed = await this.#tokens.renewed(token, call.signal);
      if (renewed === null) throw error;
      return await this.#send(call, renewed);
    }
  }

  /** Closes all connections and aborts calls and logins in flight. */
  close(): Promise<void> {
    this.#closing.abort(new Error('closed'));
    return this.rest.close();
  }

  #send(call: TokenCall, token: string): Promise<RestResponse> {
    return this.rest.send({
      ...call,
      method: 'GET',
      headers: { authorization: `Bearer ${token}` },
      errorOf: (response) => {
        this.#budget.count();
        const error = call.errorOf(response);
        if (error?.retryAfterMs !== undefined) this.#budget.pause(error.retryAfterMs);
        return error;
      },
    });
  }
}
