import { displayText } from '@vault-swarm/kernel';
import { isLosslessJsonObject, ProviderError } from '@vault-swarm/provider';
import type { HttpResponse } from './http-types.ts';

/** How long a server is not asked after a 429 without the header `Retry-After`. */
const SLOW_DOWN_MS = 1_000;

/**
 * The error that a response means; `null` if it has a value, or says that nothing changed. It contains nothing of the
 * response.
 *
 * A status proves nothing, because any proxy can send it. Only a JSON object, in which an API explains its refusal,
 * proves that a secret is gone or denied.
 *
 * @param subject the ref, or the server, for messages.
 */
export function errorFor(response: HttpResponse, subject: string): ProviderError | null {
  const { status, retryAfterMs } = response;
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  const isProven = isLosslessJsonObject(response.json);
  switch (status) {
    case 200:
    case 304:
      return null;
    case 400:
    case 422:
      return new ProviderError(
        'INVALID_REF',
        `${subject}: the server rejects the request as invalid (${status}); check the labels and the path`,
        {
          isProven: false,
        },
      );
    case 401:
      return new ProviderError(
        'UNAUTHENTICATED',
        `${subject}: the server rejects the login (401); renew the credential in the file of the header`,
      );
    case 403:
      return new ProviderError(
        'ACCESS_DENIED',
        `${subject}: the server denies access (403); allow this identity to read it`,
        { isProven },
      );
    case 404:
    case 410:
      return new ProviderError(
        'NOT_FOUND',
        `${subject}: the server has no such secret (${status}); check the labels, the url and the path`,
        {
          isProven,
        },
      );
    case 429:
      return new ProviderError(
        'RATE_LIMITED',
        `${subject}: the server limits the rate of requests (429); set max_calls_per_hour, or poll less often`,
        {
          retryAfterMs: retryAfterMs ?? SLOW_DOWN_MS,
        },
      );
    default:
  }
  if (status >= 300 && status < 400) {
    const message = `${subject}: the server redirects to ${displayText(response.redirect ?? 'another address')}, which is not followed; correct the url or the path`;
    return new ProviderError('UNAVAILABLE', message);
  }
  return new ProviderError('UNAVAILABLE', `${subject}: the server answers with status ${status}`, wait);
}
