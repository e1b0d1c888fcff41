import { ProviderError } from '@vault-swarm/provider';
import { type RestResponse, textAt } from '@vault-swarm/rest-client';

/** Advice for the errors of RFC 6749, section 5.2, which Google's token services use. */
const ADVICE: Readonly<Record<string, string>> = {
  invalid_grant: 'the key or token is not valid any more, or the clock of this machine is wrong; renew it',
  invalid_client: 'the credentials are not known to Google; create new ones',
  invalid_request: 'the token of the identity provider is not accepted; check the audience and the attribute mapping',
  unauthorized_client: 'the identity pool does not accept this identity; check its attribute condition',
};

/** The error of a response to a token request; `null` for success. It contains nothing of the response. */
export function tokenError(response: RestResponse, server: string, right: string | null = null): ProviderError | null {
  const { status, body, retryAfterMs } = response;
  if (status === 200) return null;
  const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (status === 429) return new ProviderError('RATE_LIMITED', `${server} throttles the logins`, retry);
  if (right !== null && (status === 403 || status === 404)) {
    return new ProviderError('UNAUTHENTICATED', `${server} rejects the login: ${right}`);
  }
  if (status >= 400 && status < 500) {
    const code = textAt(body, 'error') ?? '';
    const advice = (Object.hasOwn(ADVICE, code) ? ADVICE[code] : undefined) ?? 'check the credentials';
    return new ProviderError('UNAUTHENTICATED', `${server} rejects the login: ${advice}`);
  }
  return new ProviderError('UNAVAILABLE', `${server} answers a login with status ${status}`, retry);
}
