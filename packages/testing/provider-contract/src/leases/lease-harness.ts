import type { IssuedLease, LeaseHolders, LeaseIssuer, ProviderInstance, SecretRef } from '@vault-swarm/provider';

/**
 * A backend that issues credentials, and a provider that requests them. Each check gets its own harness. The backend's
 * holders live for at least a minute.
 */
export interface LeaseHarness {
  /** Opens a new instance with `leases` and `holders`, and a login of its own. The suite closes it. */
  open(): Promise<ProviderInstance>;
  /** Its credentials are renewable, can be revoked, and live for at least 10 s after an issue. */
  readonly ref: SecretRef;
  /** A location of the same engine that the policies allow, and that issues nothing. */
  readonly missing: SecretRef;
  /** A location that no policy allows. */
  readonly denied: SecretRef;
  /** For how long a renewal can extend a credential of `ref` at most, in milliseconds. */
  readonly maxLeaseMs: number;
  /** The name of an issued credential at the backend. */
  nameOf(issued: IssuedLease): string;
  /** The names of all credentials that exist at the backend now. */
  existing(): Promise<ReadonlySet<string>>;
  /** How many credentials the backend has created so far. */
  created(): Promise<number>;
  /** Ends the login of all open instances at the backend. Resolves when it has taken effect. */
  endLogins(): Promise<void>;
  /** How long the backend may take until it has deleted the credentials of a revoked holder, in milliseconds. */
  readonly deletedWithinMs: number;
  /** Removes everything. Called once, after all instances are closed. */
  tearDown(): Promise<void>;
}

/** An open instance with both ports. */
export interface LeasePorts {
  readonly leases: LeaseIssuer;
  readonly holders: LeaseHolders;
}
