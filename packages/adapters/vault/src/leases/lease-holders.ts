import { displayText } from '@vault-swarm/kernel';
import {
  type CallOptions,
  type HolderPurpose,
  type LeaseHolder,
  type LeaseHolders,
  ProviderError,
  SecretValue,
  VISIBLE_ASCII,
} from '@vault-swarm/provider';
import type { Session } from '../auth/session.ts';
import type { VaultClient } from '../client.ts';
import { classify, says } from '../error-code.ts';
import { field, type ResponseJson, type VaultCall, type VaultResponse, wholeNumber } from '../http-types.ts';
import { updatePolicyFor } from '../kv.ts';
import { vaultErrorOf } from '../vault-error.ts';

const MAX_ACCESSOR_LENGTH = 200;

/** The dependencies of {@link VaultHolders}. */
export interface VaultHoldersOptions {
  readonly client: VaultClient;
  readonly session: Session;
  /** The token role through which tokens are created. */
  readonly tokenRole: string;
  /** The setting that names it, for messages. */
  readonly setting: string;
}

/**
 * Creates the tokens that own leases, through a token role: only with one does an ordinary policy get tokens that are
 * orphans and have a period.
 */
export class VaultHolders implements LeaseHolders {
  readonly #options: VaultHoldersOptions;

  constructor(options: VaultHoldersOptions) {
    this.#options = options;
  }

  async create({ service, generation }: HolderPurpose, { signal }: CallOptions): Promise<LeaseHolder> {
    const path = `auth/token/create/${encodeURIComponent(this.#options.tokenRole)}`;
    const name = displayText(service);
    const body = { display_name: name, meta: { service: name, generation: `${generation}` } };
    // A token that nobody knows ends by itself, but a repetition would create another.
    const answer = await this.#post(path, body, { signal, isRepeatable: false });
    const auth = field(answer.body, 'auth');
    const token = field(auth, 'client_token');
    const accessor = field(auth, 'accessor');
    if (answer.status !== 200 || typeof token !== 'string' || !VISIBLE_ASCII.accepts(token)) {
      throw this.#createError(answer, path);
    }
    const why =
      typeof accessor === 'string' && accessor.length <= MAX_ACCESSOR_LENGTH ? roleProblem(auth) : 'token_type=batch';
    if (why !== null) {
      await this.#end(token, signal);
      throw this.#wrongRole(why);
    }
    const ttlMs = (wholeNumber(field(auth, 'lease_duration')) ?? 0) * 1_000;
    return { accessor: String(accessor), token: SecretValue.fromText(token), ttlMs };
  }

  async renew(accessor: string, { signal }: CallOptions): Promise<number> {
    const path = 'auth/token/renew-accessor';
    const answer = await this.#post(path, { accessor }, { signal, isRepeatable: true });
    const seconds = wholeNumber(field(field(answer.body, 'auth'), 'lease_duration'));
    if (answer.status === 200 && seconds !== undefined) return seconds * 1_000;
    if (isGone(answer)) throw new ProviderError('NOT_FOUND', 'the server has no such token any more');
    throw this.#denied(answer, 'renewing a token that holds leases', path);
  }

  async revoke(accessor: string, { signal }: CallOptions): Promise<void> {
    const path = 'auth/token/revoke-accessor';
    const answer = await this.#post(path, { accessor }, { signal, isRepeatable: true });
    if (answer.status < 300 || isGone(answer)) return;
    throw this.#denied(answer, 'revoking a token that holds leases', path);
  }

  #post(
    path: string,
    body: NonNullable<VaultCall['body']>,
    options: Pick<VaultCall, 'signal' | 'isRepeatable'>,
  ): Promise<VaultResponse> {
    return this.#options.session.request({ operation: 'holder', method: 'POST', path, body, ...options });
  }

  /** Ends a token that is not used. If that fails, it ends with its TTL. */
  async #end(token: string, signal: AbortSignal): Promise<void> {
    const call = {
      operation: 'holder',
      method: 'POST',
      path: 'auth/token/revoke-self',
      body: {},
      token,
      signal,
    } as const;
    await this.#options.client.request(call).catch(() => undefined);
  }

  #createError(answer: VaultResponse, path: string): ProviderError {
    const { tokenRole, setting } = this.#options;
    if (says(answer, 'unknown role')) {
      return this.#refusal(
        `there is no token role ${tokenRole} (${setting}); create it: vault write auth/token/roles/${tokenRole} orphan=true ` +
          'token_period=24h allowed_policies=POLICY, with a policy that allows the paths of leased secrets',
      );
    }
    if (says(answer, 'batch tokens cannot create more tokens')) {
      return this.#refusal(
        'the login has a batch token, which can not create tokens; set token_type=service in the role of the login',
      );
    }
    return this.#denied(answer, 'creating a token that holds leases', path);
  }

  #wrongRole(why: string): ProviderError {
    const { tokenRole } = this.#options;
    return this.#refusal(
      `the token role ${tokenRole} makes tokens that can not hold leases: it needs orphan=true, renewable=true, token_period=24h, ` +
        `token_num_uses=0 and token_type=service, and has ${why}`,
    );
  }

  #refusal(why: string): ProviderError {
    return new ProviderError('ACCESS_DENIED', `creating a token that holds leases: ${why}`);
  }

  #denied(answer: VaultResponse, subject: string, path: string): ProviderError {
    const verdict = classify('holder', answer);
    if (verdict !== 'ok' && verdict.code === 'ACCESS_DENIED' && verdict.isProven) {
      const message = `${subject}: the policy of the login does not allow it; add ${updatePolicyFor(path)}`;
      return new ProviderError('ACCESS_DENIED', message);
    }
    return vaultErrorOf(answer, subject, 'holder');
  }
}

/** What is wrong with the tokens of the role; `null` if they can hold leases. */
function roleProblem(auth: ResponseJson | undefined): string | null {
  if (field(auth, 'token_type') === 'batch') return 'token_type=batch';
  if (field(auth, 'orphan') !== true) return 'orphan=false';
  if (field(auth, 'renewable') !== true) return 'renewable=false';
  if ((wholeNumber(field(auth, 'num_uses')) ?? 0) > 0) return 'token_num_uses';
  return (wholeNumber(field(auth, 'lease_duration')) ?? 0) > 0 ? null : 'no token_period';
}

function isGone(answer: VaultResponse): boolean {
  return says(answer, 'invalid accessor') || says(answer, 'No token found with this accessor');
}
