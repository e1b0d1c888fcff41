import type { VaultClient } from '../client.ts';
import { classify } from '../error-code.ts';
import { field, isResponseObject, type ResponseObject, wholeNumber } from '../http-types.ts';
import { vaultErrorOf } from '../vault-error.ts';
import { LOGIN_DEADLINE_MS } from './method.ts';

/** What Vault reports about a token. */
export type TokenState =
  | { readonly alive: false }
  | {
      readonly alive: true;
      readonly leaseMs: number | null;
      readonly renewable: boolean;
      /** How many requests can still be sent with it, not counting this one; `null`: any number, or unknown. */
      readonly uses: number | null;
    };

/**
 * Looks up whether a token is valid. A policy may deny `auth/token/lookup-self` to a valid token. The list of mounts,
 * which no policy restricts, then decides: it is empty for an invalid token.
 *
 * @throws {ProviderError} if Vault can't say now.
 */
export async function lookupToken(client: VaultClient, token: string, signal: AbortSignal): Promise<TokenState> {
  const common = { operation: 'lookup', method: 'GET', token, signal, deadlineMs: LOGIN_DEADLINE_MS } as const;
  const answer = await client.request({ ...common, path: 'auth/token/lookup-self' });
  const verdict = classify('lookup', answer);
  const data = field(answer.body, 'data');
  if (verdict === 'ok' && isResponseObject(data)) {
    const leaseSeconds = wholeNumber(field(data, 'ttl')) ?? 0;
    return {
      alive: true,
      leaseMs: leaseSeconds > 0 ? leaseSeconds * 1000 : null,
      renewable: field(data, 'renewable') === true,
      uses: usesIn(data),
    };
  }
  const subject = `looking up the token at ${client.server}`;
  if (verdict === 'ok') throw vaultErrorOf(answer, subject, 'lookup');
  if (verdict.code === 'UNAUTHENTICATED') return { alive: false };
  if (verdict.code !== 'ACCESS_DENIED') throw vaultErrorOf(answer, subject, 'lookup');
  const mounts = await client.request({ ...common, path: 'sys/internal/ui/mounts' });
  const second = classify('lookup', mounts);
  if (second !== 'ok') {
    if (second.code === 'UNAUTHENTICATED' || second.code === 'ACCESS_DENIED') return { alive: false };
    throw vaultErrorOf(mounts, subject, 'lookup');
  }
  const usable = field(field(mounts.body, 'data'), 'secret');
  const alive = isResponseObject(usable) && Object.keys(usable).length > 0;
  return alive ? { alive, leaseMs: null, renewable: false, uses: null } : { alive };
}

/** Vault returns 0 for any number, and -1 if this request was the last use. */
function usesIn(data: ResponseObject): number | null {
  const uses = wholeNumber(field(data, 'num_uses')) ?? 0;
  return uses === 0 ? null : Math.max(uses, 0);
}
