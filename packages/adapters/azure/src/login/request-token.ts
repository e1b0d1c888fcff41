import { displayText } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import { type AccessToken, fieldAt, type RestClient, textAt } from '@vault-swarm/rest-client';
import { type CliOptions, cliToken } from './cli.ts';
import type { AzureLogin } from './config.ts';
import { tokenError } from './token-error.ts';
import { tokenRequest } from './token-request.ts';

/** What a login needs besides its configuration. */
export interface LoginOptions extends CliOptions {
  readonly rest: RestClient;
}

/** Requests a token from Entra ID, the metadata service of the machine, or `az`. Rejects with a `ProviderError`. */
export async function requestToken(
  login: AzureLogin,
  options: LoginOptions,
  signal: AbortSignal,
): Promise<AccessToken> {
  if (login.kind === 'cli') return cliToken(login, options, signal);
  const { name, rest, clock, resource } = options;
  const request = tokenRequest(login, resource, clock.now());
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
