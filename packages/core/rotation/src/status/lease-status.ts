/**
 * The state of a credential that ends. `active`: tasks use it. `replacing`: they use it, and a rollout to a newer one is
 * due. `ended`: tasks use it, and it does not work any more. `unknown`: tasks have a credential that nobody accounts for,
 * so that the service is rolled. `unused`: it is revoked soon.
 */
export const leaseStates = ['active', 'replacing', 'ended', 'unknown', 'unused'] as const;

/** One of {@link leaseStates}. */
export type LeaseState = (typeof leaseStates)[number];

/** One credential that ends: what one issue returned, without its values. All times in milliseconds since 1970. */
export interface LeaseStatus {
  /** Unique among all. It is the plugin's own: the provider does not know it. */
  readonly id: string;
  /** The name of the service; its id if the service is gone and its name is not known. */
  readonly service: string;
  readonly generation: number;
  readonly provider: string;
  /** Where it was issued, for people; `null` if no secret of the service names that any more. */
  readonly ref: string | null;
  /** The names of the secrets that are parts of it. */
  readonly secrets: readonly string[];
  /** How many tasks of its generation run or start. */
  readonly tasks: number;
  readonly state: LeaseState;
  /** What owns it: a token of its own for the service and generation, the plugin's login, or nothing. */
  readonly holder: 'token' | 'login' | 'none';
  readonly renewable: boolean;
  readonly issuedAtMs: number;
  /** `null` if it was not renewed since this process leads. */
  readonly renewedAtMs: number | null;
  /** When it ends unless it is renewed; `null` if this process does not know. */
  readonly expiresAtMs: number | null;
  /** When it ends whatever is renewed; `null` if that is not known. */
  readonly endsAtMs: number | null;
  /** When its service is rolled to another one; `null` if that is not known. */
  readonly rollsAtMs: number | null;
  /** Why its latest renewal or revocation failed; `null` if it did not. */
  readonly problem: { readonly operation: 'renew' | 'revoke'; readonly message: string } | null;
}

/** All credentials that end. */
export interface LeasesStatus {
  readonly sets: readonly LeaseStatus[];
  /** How many there may be: `LEASE_MAX`. */
  readonly maxSets: number;
  /** Those in use whose end is nearer than a rollout of their service takes: their ids. */
  readonly endingTooSoon: ReadonlySet<string>;
}
