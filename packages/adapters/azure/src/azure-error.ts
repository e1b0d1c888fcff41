import { ProviderError } from '@vault-swarm/provider';
import { type RestResponse, textAt } from '@vault-swarm/rest-client';

/** What was requested. */
export interface Asked {
  /** The secret or the provider for messages. */
  readonly displayName: string;
  /** The right that it needs, with the names of both ways to give it. */
  readonly right: string;
  /** Whether a version is named. */
  readonly isVersion: boolean;
}

/** The right to read values and the list of secrets. */
export const READ_RIGHT = 'the role Key Vault Secrets User, or Get in an access policy';
export const LIST_RIGHT = 'the role Key Vault Secrets User, or List in an access policy';

/**
 * The error that a response of Key Vault means; `null` for success. It contains nothing of the response. A code is
 * proven only by Azure's own error code, not by a status that a component in between may send.
 */
export function azureError(response: RestResponse, { displayName, right, isVersion }: Asked): ProviderError | null {
  const { status, retryAfterMs } = response;
  if (status === 200 && response.body !== undefined) return null;
  const code = textAt(response.body, 'error', 'code');
  const inner = textAt(response.body, 'error', 'innererror', 'code');
  const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
  switch (status) {
    case 200:
      return new ProviderError('UNAVAILABLE', `${displayName}: the response is not JSON; check AZURE_VAULT_URL`);
    case 400:
      return new ProviderError('INVALID_REF', `${displayName}: Azure does not accept this name or version`, {
        isProven: code === 'BadParameter',
      });
    case 401:
      return new ProviderError(
        'UNAUTHENTICATED',
        `${displayName}: the vault rejects the token; check that AZURE_TENANT_ID is the vault's tenant`,
      );
    case 403:
      return forbidden(displayName, right, code, inner);
    case 404: {
      const what = isVersion ? 'there is no such secret or version' : 'there is no such secret in this vault';
      const message = `${displayName}: ${what}; correct the labels, or create it`;
      return new ProviderError('NOT_FOUND', message, { isProven: code === 'SecretNotFound' });
    }
    case 429:
      return new ProviderError(
        'RATE_LIMITED',
        `${displayName}: Azure throttles the calls; increase the poll interval, or set AZURE_MAX_CALLS_PER_HOUR`,
        { retryAfterMs: retryAfterMs ?? SLOW_DOWN_MS },
      );
    default:
      return new ProviderError('UNAVAILABLE', `${displayName}: the vault answers with status ${status}`, retry);
  }
}

/** How long Azure is not called after it throttled calls without saying for how long. */
const SLOW_DOWN_MS = 1_000;

/** The same code stands for a disabled secret, a missing permission and a firewall: the inner code tells them apart. */
function forbidden(
  displayName: string,
  right: string,
  code: string | undefined,
  inner: string | undefined,
): ProviderError {
  if (inner === 'SecretDisabled') {
    return new ProviderError('NOT_FOUND', `${displayName}: this version is disabled; enable it, or write a new one`);
  }
  if (inner === 'ForbiddenByFirewall' || inner === 'ForbiddenByConnection') {
    const advice = "allow this machine's address or its private endpoint in the networking settings of the vault";
    return new ProviderError('UNAVAILABLE', `${displayName}: the firewall of the vault rejects the request; ${advice}`);
  }
  const message = `${displayName}: the identity has no permission; give it ${right}`;
  return new ProviderError('ACCESS_DENIED', message, { isProven: code === 'Forbidden' || code === 'AccessDenied' });
}
