import type { Payload } from './payload.ts';
import type { CallOptions } from './secret-provider.ts';
import type { SecretRef } from './secret-ref.ts';
import type { SecretValue } from './secret-value.ts';

/** A token that exists only to own leases: its end is the end of all of them. */
export interface LeaseHolder {
  /** Names the token for {@link LeaseHolders}, and gives no access. At most 200 characters. */
  readonly accessor: string;
  /** Only `issue` needs it. The caller owns it and wipes it. It is never stored. */
  readonly token: SecretValue;
  /** How long the token lives unless it is renewed, in milliseconds. */
  readonly ttlMs: number;
}

/** What a holder is for. Adapters write it into the token's metadata, so that an audit shows it. */
export interface HolderPurpose {
  readonly service: string;
  readonly generation: number;
}

/** What one issue returned. Everything in it belongs to one credential. */
export interface IssuedLease {
  /** All fields of the answer. `selectValue` makes the value of each ref from it. */
  readonly payload: Payload;
  /** `null` if the provider keeps no lease, such as for a certificate: it ends by itself and cannot be revoked by id. */
  readonly leaseId: string | null;
  /** How long the credential is valid unless it is renewed, from the answer on, in milliseconds; `null`: not limited. */
  readonly durationMs: number | null;
  readonly renewable: boolean;
  /** When the credential itself says that it ends, in milliseconds since 1970; `null` if it does not say. */
  readonly notAfterMs: number | null;
  /**
   * How long the token lives that the credential depends on, unless it is renewed, in milliseconds; `null`: it does not
   * end. Without a holder this is the plugin's own login.
   */
  readonly tokenTtlMs: number | null;
}

/** The result of a renewal. */
export interface RenewedLease {
  /** How long the credential is valid from the answer on, in milliseconds. Shorter than requested near its maximum. */
  readonly durationMs: number;
  readonly renewable: boolean;
}

/**
 * Issues credentials that end. Only providers with engines for that have this.
 *
 * Each `issue` may create another credential. So it sends its request once: it never repeats a request that the
 * provider may have received. An abort or a lost answer can leave a credential that nobody knows; it ends with its
 * holder. All methods reject only with a `ProviderError`.
 */
export interface LeaseIssuer {
  /**
   * Creates a credential at `ref.location` with `ref.lease`. The field and the encoding of `ref` have no meaning here.
   *
   * @param holder owns the lease; `null`: the plugin's login owns it.
   * @throws {ProviderError} `ACCESS_DENIED`, and what to add to the policy, if the holder or the login may not issue it,
   * also if the login's token can not own leases. `UNAUTHENTICATED` if the holder's token is not valid any more.
   * `INVALID_REF` if the location issues nothing, or not with these parameters.
   */
  issue(ref: SecretRef, holder: LeaseHolder | null, options: CallOptions): Promise<IssuedLease>;
  /**
   * Renews a lease with the plugin's login. A renewal does not extend the token that owns the lease.
   *
   * @param incrementMs the requested duration from now on, in milliseconds.
   * @throws {ProviderError} `NOT_FOUND`, proven, if there is no such lease any more; `INVALID_REF` if it is not renewable.
   */
  renew(leaseId: string, incrementMs: number, options: CallOptions): Promise<RenewedLease>;
  /** Ends a credential now. A lease that does not exist any more is no error. */
  revoke(leaseId: string, options: CallOptions): Promise<void>;
}

/**
 * Creates and ends the tokens that own leases. They do not depend on the plugin's login, and end by themselves if nobody
 * renews them. All methods reject only with a `ProviderError`.
 */
export interface LeaseHolders {
  /** @throws {ProviderError} `ACCESS_DENIED`, and the role or policy to add, if the plugin's login may not create them. */
  create(purpose: HolderPurpose, options: CallOptions): Promise<LeaseHolder>;
  /**
   * Returns how long the token lives from now on, in milliseconds.
   *
   * @throws {ProviderError} `NOT_FOUND`, proven, if there is no such token any more. Then its leases have ended too.
   */
  renew(accessor: string, options: CallOptions): Promise<number>;
  /** Ends the token and all of its leases. A token that does not exist any more is no error. */
  revoke(accessor: string, options: CallOptions): Promise<void>;
}
