import { ProviderError } from '@vault-swarm/provider';
import { verdictOn } from './error-code.ts';
import type { VaultAnswer, VaultOperation } from './http-types.ts';

/**
 * The error for an answer that is neither a success nor told apart by its caller. Only the status is shown, never what the
 * answer says.
 */
export function failureOf(answer: VaultAnswer, subject: string, operation: VaultOperation = 'read'): ProviderError {
  const { status, retryAfterMs } = answer;
  const verdict = verdictOn(operation, answer);
  if (verdict === 'ok')
    return new ProviderError('UNAVAILABLE', `${subject}: the answer (status ${status}) has not the form of Vault's`);
  const { code, isProven, advice } = verdict;
  return new ProviderError(code, `${subject}: ${advice} (status ${status})`, {
    isProven,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
