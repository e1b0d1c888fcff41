import { ProviderError } from '@vault-swarm/provider';
import { classify } from './error-code.ts';
import type { VaultOperation, VaultResponse } from './http-types.ts';

/**
 * The error for a response that is neither a success nor handled by the caller. It shows only the status, never the
 * response's text.
 */
export function vaultErrorOf(
  answer: VaultResponse,
  subject: string,
  operation: VaultOperation = 'read',
): ProviderError {
  const { status, retryAfterMs } = answer;
  const verdict = classify(operation, answer);
  if (verdict === 'ok')
    return new ProviderError('UNAVAILABLE', `${subject}: the response (status ${status}) does not have Vault's format`);
  const { code, isProven, advice } = verdict;
  return new ProviderError(code, `${subject}: ${advice} (status ${status})`, {
    isProven,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
