import type { ProviderErrorCode } from '@vault-swarm/provider';
import type { VaultAnswer, VaultOperation } from './answer.ts';
import { saysInvalidToken } from './auth/lookup.ts';

/** What an answer counts as, by its status alone: what it means for a secret, its caller finds out. */
export function outcomeOf(operation: VaultOperation, answer: VaultAnswer): 'ok' | ProviderErrorCode {
  const { status } = answer;
  if (status >= 200 && status < 300) return 'ok';
  if (status === 404) return 'NOT_FOUND';
  if (status === 429) return 'RATE_LIMITED';
  if (status === 403) return saysInvalidToken(answer) ? 'UNAUTHENTICATED' : 'ACCESS_DENIED';
  // Wrong credentials are answered so.
  if (status === 400 && (operation === 'login' || operation === 'renew')) return 'UNAUTHENTICATED';
  if (status === 400 || status === 405) return 'INVALID_REF';
  return 'UNAVAILABLE';
}
