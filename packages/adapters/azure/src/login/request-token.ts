import { displayText } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import { type AccessToken, fieldAt, type RestClient, textAt } from '@vault-swarm/rest-client';
import type { AzureLogin } from './config.ts';
import { tokenError } from './token-error.ts';
import { tokenRequest } from './token-request.ts';

/** What a login needs besides its configuration. */
export interface LoginOptions {
  /** The provider instance's name. */
  readonly name: string;
  readonly rest: RestClient;
  /** Wall-clock time in milliseconds since 1970. */
  readonly nowMs: () => number;
  /** For what the token is requested. */
  readonly resource: string;
}

/** Requests a token from Entra ID, or from the metadata service of the machine. Rejects with a `ProviderError`. */
export async function requestToken(
  login: AzureLogin,
  { name, rest, nowMs, resource }: LoginOptions,
  signal: AbortSignal,
): Promise<AccessToken> {
  const request = tokenRequest(login, resource, nowMs());
  const server =
    login.kind === 'managed'
      ? `${name}: no login is set, and the metadata service of the machine`
      : `${name}: ${displayText(new URL(login.authority).host)}`;
  const { body } = await rest.send({
    ...request,
    operation: 'login',
    server,
    signal,
    errorOf: (response) => tokenError(response, login, server),
  });
  const token = textAt(body, 'access_token');
  // The metadata service sends a text, Entra ID a number.
  const seconds = Number(fieldAt(body, 'expires_in'));
  if (token === undefined || !/^[\x21-\x7e]+$/.test(token) || !(seconds > 0)) {
    throw new ProviderError('UNAVAILABLE', `${server} answers a login without a token`);
  }
  return { token, expiresInMs: seconds * 1000 };
}
