import { ProviderError } from '@vault-swarm/provider';
import { classify } from './error-code.ts';
import type { VaultOperation, VaultResponse } from './http-types.ts';

/**
 * The error for an answer that is neither a success nor told apart by its caller. Only the status is shown, never what the
 * answer says.
 */
export function vaultErrorOf(
  answer: VaultResponse,
  subject: string,
  operation: VaultOperation = 'read',
): ProviderError {
  const { status, retryAfterMs } = answer;
  const verdict = classify(operation, answer);
  if (verdict === 'ok')
    return new ProviderError('UNAVAILABLE', `${subject}: the answer (status ${status}) has not the form of Vault's`);
  const { code, isProven, advice } = verdict;
  return new ProviderError(code, `${subject}: ${advice} (status ${status})`, {
    isProven,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
