import { displayText } from '@vault-swarm/kernel';
import { type Credential, ProviderError, VISIBLE_ASCII, whyUnreadable } from '@vault-swarm/provider';
import type { VaultClient } from '../client.ts';
import { classify, says } from '../error-code.ts';
import { field, isResponseObject, type VaultResponse, wholeNumber } from '../http-types.ts';
import { NoResponse } from '../no-response.ts';
import { vaultErrorOf } from '../vault-error.ts';

/**
 * The deadline of a login and of a token lookup. Many requests may wait for one login and no caller aborts it: if its
 * server is unreachable, all of them wait this long.
 */
export const LOGIN_DEADLINE_MS = 5_000;

/** The result of a login. */
export interface Login {
  readonly token: string;
  /** The token's remaining lifetime in milliseconds; `null`: until it is revoked, or unknown. */
  readonly leaseMs: number | null;
  readonly renewable: boolean;
  /** For how many requests the token is valid; `null`: any number, or unknown. */
  readonly uses: number | null;
  /** What the operator should change although the login works. */
  readonly problem?: string;
}

/** One login with the credentials as they were when it was prepared. */
export interface LoginAttempt {
  /** Differs if the credentials differ: a changed file is tried at once, rejected credentials only after a backoff. */
  readonly key: string;
  /** @throws {ProviderError} `UNAUTHENTICATED` if it is rejected. */
  login(signal: AbortSignal): Promise<Login>;
}

/** A method to get a token. */
export interface AuthMethod {
  readonly name: string;
  /** Whether a login creates a new token, so that a token that can't be renewed is followed by another. */
  readonly issuesTokens: boolean;
  /**
   * Reads the credentials again for a login through `client`.
   * @throws {ProviderError} `UNAUTHENTICATED` if they can't be read.
   */
  prepare(client: VaultClient): LoginAttempt;
}

/** Reads the credential. */
export function readCredential(credential: Credential): string {
  try {
    return credential.read();
  } catch (error) {
    throw new ProviderError('UNAUTHENTICATED', `the file of ${credential.variable} ${whyUnreadable(error)}`);
  }
}

/** The options of a token request. */
export interface LoginOptions {
  /** The method, and what to check if it is rejected, for messages. */
  readonly method: string;
  readonly advice: string;
  /** The variable that names the method's mount. */
  readonly mountVariable?: string;
  /** The token to renew; undefined for a login. */
  readonly token?: string;
  /**
   * Whether the credentials can be used repeatedly. Others, such as a secret id with a number of uses, may be used up
   * by a login without a response: that login is not retried automatically.
   */
  readonly isRepeatable: boolean;
  /** Called if the login may have succeeded without a response. */
  readonly onUnanswered?: () => void;
}

/** Posts to a path that returns a token: a login, or with `token` its renewal. */
export async function loginWith(
  client: VaultClient,
  path: string,
  body: Readonly<Record<string, string>>,
  signal: AbortSignal,
  options: LoginOptions,
): Promise<Login> {
  const { method, token: ours, isRepeatable, onUnanswered } = options;
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
      `${client.server} requires a second factor at ${path}, which is not supported; allow this login without it`,
    );
  }
  const verdict = classify(known.operation, answer);
  if (verdict === 'ok' || verdict.code === 'UNAUTHENTICATED') {
    throw new ProviderError(
      'UNAUTHENTICATED',
      `${client.server} ${whyRejected(answer, path, { mountVariable: `${client.prefix}_AUTH_MOUNT`, ...options })}`,
    );
  }
  if (!verdict.isUntouched) onUnanswered?.();
  throw vaultErrorOf(answer, `${method} login at ${client.server}`, known.operation);
}

/**
 * Why a login was rejected, as a continuation of "the server …". Vault rejects wrong credentials with 400. A path without
 * a mounted method gets 403, or 404 if the address has a wrong path.
 */
function whyRejected(
  answer: VaultResponse,
  path: string,
  { method, advice, mountVariable, token }: LoginOptions,
): string {
  const mount = path.replace(/^auth\//, '').replace(/\/login(?:\/.*)?$/, '');
  if (token === undefined && (answer.status === 403 || answer.status === 404)) {
    const at = `${displayText(`auth/${mount}`)}; check ${mountVariable ?? 'the mount of the method'}`;
    const missing = `has no ${method} method mounted at ${at}`;
    if (answer.status === 404) return `has no API at ${path}, or ${missing.slice(4)}, and the path of its address`;
    const denied = `denies the ${method} login at ${path}; ${advice}; after failed logins it locks a login for some minutes`;
    const isDefault = mount === method.toLowerCase();
    return isDefault ? `${denied}. Or it ${missing}` : `${missing}. Or it ${denied}`;
  }
  if (says(answer, 'could not load configuration')) {
    return `has the ${method} method at auth/${displayText(mount)}, but it is not configured; configure it at the server`;
  }
  if (ROLE_UNKNOWN.some((words) => says(answer, words))) {
    return `has no such role for the ${method} login at ${path}; ${advice}`;
  }
  return `rejects the ${method} login at ${path}; ${advice}`;
}

const ROLE_UNKNOWN = ['role "" could not be found', 'invalid role name', 'missing role'];
