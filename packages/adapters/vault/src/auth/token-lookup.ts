import type { VaultClient } from '../client.ts';
import { classify } from '../error-code.ts';
import { field, isResponseObject, type ResponseObject, wholeNumber } from '../http-types.ts';
import { vaultErrorOf } from '../vault-error.ts';
import { LOGIN_DEADLINE_MS } from './method.ts';

/** What Vault says about a token. */
export type TokenState =
  | { readonly alive: false }
  | {
      readonly alive: true;
      readonly leaseMs: number | null;
      readonly renewable: boolean;
      /** How many requests may still be sent with it, this question not counted; `null`: any number, or nobody can say. */
      readonly uses: number | null;
    };

/**
 * Asks whether a token is alive. A policy may refuse `auth/token/lookup-self` to a live token; then the list of mounts
 * tells, which no policy guards: it names those that a live token may use, and none to a dead one.
 *
 * @throws {ProviderError} where Vault can't say now.
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
  const subject = `looking up our token at ${client.server}`;
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

/** Vault says 0 for any number, and -1 where this question was the last use. */
function usesIn(data: ResponseObject): number | null {
  const uses = wholeNumber(field(data, 'num_uses')) ?? 0;
  return uses === 0 ? null : Math.max(uses, 0);
}
