import type { Clock } from '@vault-swarm/kernel';
import {
  type CallOptions,
  type IssuedLease,
  type LeaseHolder,
  type LeaseIssuer,
  type LosslessJsonObject,
  ProviderError,
  parseLosslessJson,
  type RenewedLease,
  type SecretRef,
} from '@vault-swarm/provider';
import type { Session } from '../auth/session.ts';
import { lookupToken } from '../auth/token-lookup.ts';
import type { VaultClient } from '../client.ts';
import { classify, says } from '../error-code.ts';
import { field, type VaultCall, type VaultResponse, wholeNumber } from '../http-types.ts';
import { checkEngine, type KvLocation, locationOf, policyFor, updatePolicyFor } from '../kv.ts';
import type { Mounts } from '../mounts.ts';
import { kvPath } from '../paths.ts';
import { vaultErrorOf } from '../vault-error.ts';
import { issueError } from './issue-error.ts';
import { issuedBy } from './lease-answer.ts';
import { isBatchToken } from './token-type.ts';

/** An engine may wait for another server. */
const ISSUE_DEADLINE_MS = 30_000;

/** The dependencies of {@link VaultLeases}. */
export interface VaultLeasesOptions {
  readonly client: VaultClient;
  readonly session: Session;
  readonly mounts: Mounts;
  readonly clock: Clock;
  /** The role of {@link VaultHolders}, for messages. */
  readonly tokenRole: string;
  /** The prefix of labels, for messages. */
  readonly kind: string;
}

/**
 * Issues credentials of engines such as database and PKI, with one request that is never repeated. With a holder, the
 * request has the holder's token, so that the lease belongs to it. Leases are renewed and revoked by the plugin's login.
 */
export class VaultLeases implements LeaseIssuer {
  readonly #options: VaultLeasesOptions;

  constructor(options: VaultLeasesOptions) {
    this.#options = options;
  }

  async issue(ref: SecretRef, holder: LeaseHolder | null, { signal }: CallOptions): Promise<IssuedLease> {
    const location = locationOf(ref);
    if (ref.lease === undefined) {
      throw new ProviderError(
        'INVALID_REF',
        `${location.displayName}: add the label ${this.#options.kind}_lease=service`,
      );
    }
    const { mounts, clock } = this.#options;
    const token = holder === null ? undefined : tokenOf(holder);
    const owner = holder === null ? await this.#loginAsOwner(location, signal) : null;
    const mount = await mounts.findFor(location.mount, token, signal);
    if (mount.version === 'unknown') throw await this.#refusal(location, ref.lease.params, holder, signal);
    mounts.checkIssuer(mount, location);
    const call = callOf(location, ref.lease.params, signal);
    const answer =
      token === undefined
        ? await this.#options.session.request(call)
        : await this.#options.client.request({ ...call, token });
    const issued = issuedBy(answer, clock.now());
    if (issued === null) throw await this.#failure(answer, location, ref.lease.params, holder, signal);
    checkEngine(answer, location, { types: [mount.type], isLeased: true });
    const tokenTtlMs = holder === null ? (owner?.leftMs ?? null) : holder.ttlMs;
    return { ...issued, tokenTtlMs };
  }

  async renew(leaseId: string, incrementMs: number, { signal }: CallOptions): Promise<RenewedLease> {
    const body = { lease_id: leaseId, increment: Math.max(1, Math.round(incrementMs / 1_000)) };
    const answer = await this.#ofLease('sys/leases/renew', body, signal);
    const seconds = wholeNumber(field(answer.body, 'lease_duration'));
    if (answer.status === 200 && seconds !== undefined) {
      return { durationMs: seconds * 1_000, renewable: field(answer.body, 'renewable') === true };
    }
    if (says(answer, 'lease not found')) {
      throw new ProviderError('NOT_FOUND', 'the server has no such lease any more');
    }
    if (says(answer, 'lease is not renewable')) {
      throw new ProviderError('INVALID_REF', 'the server can not renew this lease');
    }
    throw this.#leaseError(answer, 'renewing a lease', 'sys/leases/renew');
  }

  async revoke(leaseId: string, { signal }: CallOptions): Promise<void> {
    // With sync, the answer tells whether the engine deleted the credential.
    const answer = await this.#ofLease('sys/leases/revoke', { lease_id: leaseId, sync: true }, signal);
    if (answer.status < 300 || says(answer, 'lease not found')) return;
    throw this.#leaseError(answer, 'revoking a lease', 'sys/leases/revoke');
  }

  #ofLease(path: string, body: NonNullable<VaultCall['body']>, signal: AbortSignal): Promise<VaultResponse> {
    const call = { operation: 'lease', method: 'POST', path, body, isRepeatable: true, signal } as const;
    return this.#options.session.request({ ...call, deadlineMs: ISSUE_DEADLINE_MS });
  }

  #leaseError(answer: VaultResponse, subject: string, path: string): ProviderError {
    const verdict = classify('lease', answer);
    if (verdict !== 'ok' && verdict.code === 'ACCESS_DENIED' && verdict.isProven) {
      const message = `${subject}: the policy of the login does not allow it; add ${updatePolicyFor(path)}`;
      return new ProviderError('ACCESS_DENIED', message);
    }
    return vaultErrorOf(answer, subject, 'lease');
  }

  async #loginAsOwner({ displayName }: KvLocation, signal: AbortSignal): Promise<{ readonly leftMs: number | null }> {
    const { token, leftMs } = await this.#options.session.login(signal);
    if (!isBatchToken(token)) return { leftMs };
    const { kind, tokenRole } = this.#options;
    throw new ProviderError(
      'ACCESS_DENIED',
      `${displayName}: the login has a batch token, which can not keep leases; set token_type=service in the role of ` +
        `the login, and create the token role ${tokenRole} (${kind.toUpperCase()}_LEASE_TOKEN_ROLE)`,
    );
  }

  async #failure(
    answer: VaultResponse,
    location: KvLocation,
    params: string | null,
    holder: LeaseHolder | null,
    signal: AbortSignal,
  ): Promise<ProviderError> {
    const { displayName } = location;
    const verdict = classify('issue', answer);
    if (verdict === 'ok') {
      const message =
        'the answer has neither a lease nor a certificate that ends, so it can not be kept alive; correct the path';
      return new ProviderError('INVALID_REF', `${displayName}: ${message}`);
    }
    if (verdict.code === 'UNAUTHENTICATED' || (verdict.code === 'ACCESS_DENIED' && verdict.isProven)) {
      return this.#refusal(location, params, holder, signal);
    }
    return issueError(answer, displayName, `${this.#options.kind}_params`);
  }

  /** Why the server refuses the token. OpenBao says the same of an invalid token as of a policy. */
  async #refusal(
    location: KvLocation,
    params: string | null,
    holder: LeaseHolder | null,
    signal: AbortSignal,
  ): Promise<ProviderError> {
    if (holder !== null) {
      const { alive } = await lookupToken(this.#options.client, tokenOf(holder), signal);
      const message = `${location.displayName}: the token that holds its leases has ended`;
      if (!alive) return new ProviderError('UNAUTHENTICATED', message);
    }
    return this.#denied(location, params, holder);
  }

  #denied(location: KvLocation, params: string | null, holder: LeaseHolder | null): ProviderError {
    const { plain } = kvPath(location);
    const line = params === null ? policyFor(plain) : updatePolicyFor(plain);
    const whose = holder === null ? 'of the login' : `of the token role ${this.#options.tokenRole} (allowed_policies)`;
    return new ProviderError('ACCESS_DENIED', `${location.displayName}: no policy ${whose} allows it; add ${line}`);
  }
}

function callOf(location: KvLocation, params: string | null, signal: AbortSignal): VaultCall {
  const common = {
    operation: 'issue',
    path: kvPath(location).encoded,
    exactNumbers: true,
    isRepeatable: false,
    deadlineMs: ISSUE_DEADLINE_MS,
    signal,
  } as const;
  if (params === null) return { ...common, method: 'GET' };
  return { ...common, method: 'POST', body: parseLosslessJson(params) as LosslessJsonObject };
}

function tokenOf({ token }: LeaseHolder): string {
  return new TextDecoder().decode(token.reveal());
}
