import { field, isAnswerObject, type VaultAnswer, wholeNumber } from '../answer.ts';
import type { VaultClient } from '../client.ts';
import { failureOf } from '../failures.ts';
import { LOGIN_DEADLINE_MS } from './method.ts';

/** What Vault says about a token. */
export type TokenState =
  | { readonly alive: false }
  | { readonly alive: true; readonly leaseMs: number | null; readonly renewable: boolean };

/** Whether an answer says by itself that the token is dead. Vault's does; OpenBao's only says "permission denied". */
export function saysInvalidToken(answer: VaultAnswer): boolean {
  const errors = field(answer.body, 'errors');
  return (
    Array.isArray(errors) && errors.some((text) => typeof text === 'string' && /\b(invalid|bad) token\b/.test(text))
  );
}

/**
 * Asks whether a token is alive. A policy may refuse `auth/token/lookup-self` to a live token; then the list of mounts
 * tells, which no policy guards: it names those that a live token may use, and none to a dead one.
 *
 * @throws {ProviderError} where Vault can't say now.
 */
export async function lookupToken(client: VaultClient, token: string, signal: AbortSignal): Promise<TokenState> {
  const common = { operation: 'lookup', method: 'GET', token, signal, deadlineMs: LOGIN_DEADLINE_MS } as const;
  const answer = await client.request({ ...common, path: 'auth/token/lookup-self' });
  if (answer.status === 200) {
    const data = field(answer.body, 'data');
    const leaseSeconds = wholeNumber(field(data, 'ttl')) ?? 0;
    return {
      alive: true,
      leaseMs: leaseSeconds > 0 ? leaseSeconds * 1000 : null,
      renewable: field(data, 'renewable') === true,
    };
  }
  if (answer.status !== 403) throw failureOf(answer, `looking up our token at ${client.server}`);
  if (saysInvalidToken(answer)) return { alive: false };
  const mounts = await client.request({ ...common, path: 'sys/internal/ui/mounts' });
  if (mounts.status === 403) return { alive: false };
  if (mounts.status !== 200) throw failureOf(mounts, `looking up our token at ${client.server}`);
  const usable = field(field(mounts.body, 'data'), 'secret');
  const alive = isAnswerObject(usable) && Object.keys(usable).length > 0;
  return alive ? { alive, leaseMs: null, renewable: false } : { alive };
}
