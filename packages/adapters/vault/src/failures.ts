import { ProviderError } from '@vault-swarm/provider';
import { field, type VaultAnswer, type VaultOperation } from './answer.ts';
import { verdictOn } from './verdict.ts';

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

/** Whether one of the answer's errors or warnings has the text in it. */
export function mentions(answer: VaultAnswer, text: string): boolean {
  return [field(answer.body, 'errors'), field(answer.body, 'warnings')].some(
    (texts) => Array.isArray(texts) && texts.some((given) => typeof given === 'string' && given.includes(text)),
  );
}
