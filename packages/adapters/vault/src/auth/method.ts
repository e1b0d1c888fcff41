import { type Credential, ProviderError, VISIBLE_ASCII, whyUnreadable } from '@vault-swarm/provider';
import type { VaultClient } from '../client.ts';
import { classify } from '../error-code.ts';
import { field, isResponseObject, wholeNumber } from '../http-types.ts';
import { NoResponse } from '../no-response.ts';
import { vaultErrorOf } from '../vault-error.ts';

/**
 * The longest that a login, and a question about a token, may take. Many may wait for it, and nobody cuts it off: where
 * its server vanished, all of them wait so long.
 */
export const LOGIN_DEADLINE_MS = 5_000;

/** What a login gave. */
export interface Login {
  readonly token: string;
  /** How long the token lives from now, in milliseconds; `null`: until it is revoked, or nobody can say. */
  readonly leaseMs: number | null;
  readonly renewable: boolean;
  /** For how many requests it serves; `null`: for any number, or nobody can say. */
  readonly uses: number | null;
  /** What the operator should change, though the login works. */
  readonly problem?: string;
}

/** One try, with the credentials as they were when it was prepared. */
export interface LoginAttempt {
  /** Differs where the credentials do: a changed file is tried at once, a refused one only after a pause. */
  readonly key: string;
  /** @throws {ProviderError} `UNAUTHENTICATED` where it is refused. */
  login(signal: AbortSignal): Promise<Login>;
}

/** A way to get a token. */
export interface AuthMethod {
  readonly name: string;
  /** Whether a login makes a new token, so that one that can't be renewed is followed by another. */
  readonly issuesTokens: boolean;
  /**
   * Reads the credentials again, for a login through `client`.
   * @throws {ProviderError} `UNAUTHENTICATED` where they can't be read.
   */
  prepare(client: VaultClient): LoginAttempt;
}

/** The credential's characters now. */
export function readCredential(credential: Credential): string {
  try {
    return credential.read();
  } catch (error) {
    throw new ProviderError('UNAUTHENTICATED', `the file of ${credential.variable} ${whyUnreadable(error)}`);
  }
}

/** How a token is asked for. */
export interface LoginOptions {
  /** The method, and what to check where it is refused, for messages. */
  readonly method: string;
  readonly advice: string;
  /** The token that is renewed; undefined for a login. */
  readonly token?: string;
  /**
   * Whether the credentials serve again and again. Others, such as a secret id with a number of uses, may be used up by a login
   * whose answer was lost: that one is not sent again by itself.
   */
  readonly isRepeatable: boolean;
  /** Is called where the login may have been taken, though there is no token. */
  readonly onUnanswered?: () => void;
}

/** Posts to a path that answers with a token: a login, or with `token` the renewal of that one. */
export async function loginWith(
  client: VaultClient,
  path: string,
  body: Readonly<Record<string, string>>,
  signal: AbortSignal,
  { method, advice, token: ours, isRepeatable, onUnanswered }: LoginOptions,
): Promise<Login> {
  const known = ours === undefined ? ({ operation: 'login' } as const) : ({ operation: 'renew', token: ours } as const);
  const deadline = { signal, deadlineMs: LOGIN_DEADLINE_MS };
  const call = { method: 'POST', path, body, isRepeatable, ...deadline, ...known } as const;
  const answer = await client.request(call).catch((error: unknown) => {
    if (!(error instanceof NoResponse) || error.wasSent) onUnanswered?.();
    throw error;
  });
  const auth = field(answer.body, 'auth');
  const token = field(auth, 'client_token');
  if (answer.status === 200 && typeof token === 'string' && VISIBLE_ASCII.accepts(token)) {
    const leaseSeconds = wholeNumber(field(auth, 'lease_duration')) ?? 0;
    return {
      token,
      leaseMs: leaseSeconds > 0 ? leaseSeconds * 1000 : null,
      renewable: field(auth, 'renewable') === true,
      uses: wholeNumber(field(auth, 'num_uses')) || null,
    };
  }
  if (isResponseObject(field(auth, 'mfa_requirement'))) {
    throw new ProviderError(
      'UNAUTHENTICATED',
      `${client.server} asks for a second factor at ${path}, which the plugin has not; let this login do without`,
    );
  }
  const verdict = classify(known.operation, answer);
  if (verdict === 'ok' || verdict.code === 'UNAUTHENTICATED') {
    // Wrong credentials are answered with 400, and a path at which nothing is with one of these.
    const mounted = answer.status === 403 || answer.status === 404 ? ', and that the method is mounted there' : '';
    throw new ProviderError(
      'UNAUTHENTICATED',
      `${client.server} refuses our ${method} login at ${path}; ${advice}${mounted}`,
    );
  }
  if (!verdict.isUntouched) onUnanswered?.();
  throw vaultErrorOf(answer, `${method} login at ${client.server}`, known.operation);
}
