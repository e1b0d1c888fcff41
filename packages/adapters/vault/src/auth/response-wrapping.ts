import { ProviderError } from '@vault-swarm/provider';
import type { VaultClient } from '../client.ts';
import { classify } from '../error-code.ts';
import { field } from '../http-types.ts';
import { NoResponse } from '../no-response.ts';
import { vaultErrorOf } from '../vault-error.ts';
import { LOGIN_DEADLINE_MS } from './method.ts';

/** A wrapping token, and the path at which its content must have been created. */
export interface Wrapped {
  readonly token: string;
  readonly wrappingPath: string;
  /** The variable of the token, for messages. */
  readonly variable: string;
  readonly signal: AbortSignal;
  /** Whether it was unwrapped before without a response. */
  readonly isUnanswered: boolean;
  /** Called if this call may have unwrapped it without a response. */
  readonly onUnanswered: () => void;
}

/**
 * Unwraps a secret id, which Vault returns only once. The token is looked up first, which uses nothing up. A token
 * that was created at another path is not used: an attacker may have read ours and wrapped a value again.
 *
 * @throws {ProviderError} `UNAUTHENTICATED` if the token is used up, or is not what it should be; as `vaultErrorOf` if
 * the server can't say now.
 * @see https://developer.hashicorp.com/vault/docs/concepts/response-wrapping#response-wrapping-token-validation
 */
export async function unwrapSecretId(client: VaultClient, wrapped: Wrapped): Promise<string> {
  const { token, wrappingPath, variable, signal, isUnanswered, onUnanswered } = wrapped;
  const refused = (reason: string) =>
    new ProviderError(
      'UNAUTHENTICATED',
      `the wrapping token of ${variable} ${reason}; destroy its secret id and wrap a new one`,
    );
  const common = { operation: 'login', method: 'POST', signal, deadlineMs: LOGIN_DEADLINE_MS } as const;

  const looked = await client.request({ ...common, path: 'sys/wrapping/lookup', body: { token }, isRepeatable: true });
  const usedUp = isUnanswered
    ? 'was used by this process, and the response was lost'
    : 'is used up, expired or never existed: if this process did not use it, somebody else unwrapped it';
  const lookup = classify('login', looked);
  if (lookup !== 'ok' && lookup.code === 'UNAUTHENTICATED') throw refused(usedUp);
  const createdAt = field(field(looked.body, 'data'), 'creation_path');
  if (looked.status !== 200 || typeof createdAt !== 'string') {
    throw vaultErrorOf(looked, `looking up a wrapping token at ${client.server}`, 'login');
  }
  if (createdAt.replace(/\/+$/, '') !== wrappingPath) {
    throw refused(`was not created at ${wrappingPath}, so somebody may have replaced it`);
  }

  const unwrapping = { ...common, path: 'sys/wrapping/unwrap', token, body: {} };
  const answer = await client.request(unwrapping).catch((error: unknown) => {
    if (!(error instanceof NoResponse) || error.wasSent) onUnanswered();
    throw error;
  });
  const secretId = field(field(answer.body, 'data'), 'secret_id');
  if (answer.status === 200 && typeof secretId === 'string') return secretId;
  if (answer.status === 200) throw refused('wraps no secret id');
  const verdict = classify('login', answer);
  if (verdict !== 'ok' && verdict.code === 'UNAUTHENTICATED') throw refused(usedUp);
  if (verdict !== 'ok' && !verdict.isUntouched) onUnanswered();
  throw vaultErrorOf(answer, `unwrapping the secret id at ${client.server}`, 'login');
}
