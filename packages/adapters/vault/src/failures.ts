import { ProviderError } from '@vault-swarm/provider';
import { field, type VaultAnswer } from './answer.ts';

/**
 * The error for an answer that is neither a success nor told apart by its caller (403 and 404 are). Only the status is
 * shown, never what the answer says.
 */
export function failureOf(answer: VaultAnswer, subject: string): ProviderError {
  const { status, retryAfterMs } = answer;
  if (status === 429) {
    return new ProviderError(
      'RATE_LIMITED',
      `${subject}: a quota is used up (status 429); raise it, or ask less often`,
      {
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      },
    );
  }
  if (status === 503) {
    const sealed = mentions(answer, 'sealed');
    return new ProviderError(
      'UNAVAILABLE',
      `${subject}: ${sealed ? 'the server is sealed (status 503); unseal it' : 'not available (status 503)'}`,
    );
  }
  if (status === 400 && mentions(answer, 'pgrading from non-versioned')) {
    return new ProviderError('UNAVAILABLE', `${subject}: the mount is being upgraded to KV v2 (status 400)`);
  }
  if (status === 400 || status === 405) {
    return new ProviderError(
      'INVALID_REF',
      `${subject}: the server refuses this path (status ${status}); correct path or mount`,
    );
  }
  return new ProviderError('UNAVAILABLE', `${subject}: unexpected answer (status ${status}); see the server's log`);
}

/** Whether one of the answer's errors or warnings has the text in it. */
export function mentions(answer: VaultAnswer, text: string): boolean {
  return [field(answer.body, 'errors'), field(answer.body, 'warnings')].some(
    (texts) => Array.isArray(texts) && texts.some((given) => typeof given === 'string' && given.includes(text)),
  );
}
