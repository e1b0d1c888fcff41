import {
  type CallOptions,
  type HolderPurpose,
  type IssuedLease,
  type LeaseHolder,
  type LeaseHolders,
  type LeaseIssuer,
  ProviderError,
  parseLosslessJson,
  type RenewedLease,
  type SecretRef,
  SecretValue,
} from '@vault-swarm/provider';

/** How the engine issues. Times in milliseconds. */
export interface LeaseRules {
  readonly ttlMs: number;
  /** The longest life of a lease, with all renewals. */
  readonly maxTtlMs: number;
  readonly renewable: boolean;
  readonly holderPeriodMs: number;
  /** Whether the login may create holders. */
  readonly mayHold: boolean;
  /** How long the login's own token lives, which owns leases without a holder. */
  readonly loginTtlMs: number;
  /** Whether it keeps a lease of what it issued. A certificate has none: it can't be renewed or revoked, and has its own end. */
  readonly keepsLease: boolean;
}

/** What a call to the engine does. */
export type LeaseOperation = 'issue' | 'renew' | 'revoke' | 'hold';

/** A credential that the provider knows. */
export interface SimulatedLease {
  readonly id: string;
  readonly path: string;
  readonly holder: string | null;
  readonly issuedAtMs: number;
  /** When the token ends that owns it, if that is the login's. */
  readonly loginEndsAtMs: number;
  readonly keepsLease: boolean;
  /** Whether a task that gets it fails. */
  readonly isBad: boolean;
  endsAtMs: number;
  isRevoked: boolean;
}

interface SimulatedHolder {
  readonly accessor: string;
  readonly purpose: HolderPurpose;
  endsAtMs: number;
}

const DEFAULT_RULES: LeaseRules = {
  ttlMs: 60_000,
  maxTtlMs: 600_000,
  renewable: true,
  holderPeriodMs: 120_000,
  mayHold: true,
  loginTtlMs: 3_600_000,
  keepsLease: true,
};

/** A login is replaced by another one in this last part of its life. */
const LOGIN_REPLACED = 0.2;

/** The engine of a provider that issues credentials, as Vault does: a lease ends with its holder, and nothing says so. */
export class SimulatedLeases implements LeaseIssuer {
  readonly leases = new Map<string, SimulatedLease>();
  readonly living = new Map<string, SimulatedHolder>();
  rules: LeaseRules = DEFAULT_RULES;
  /** Why a call is refused now; `null` if it is not. */
  refuses: (operation: LeaseOperation) => ProviderError | null = () => null;
  /** Whether tasks fail that get what is issued now. */
  issuesBad = false;
  #loginEndsAtMs = 0;
  /** The wall clock of the provider. */
  readonly nowMs: () => number;
  readonly #outage: () => ProviderError | null;
  #count = 0;

  /** @param outage while it gives an error, every call rejects with it. */
  constructor(nowMs: () => number, outage: () => ProviderError | null = () => null) {
    this.nowMs = nowMs;
    this.#outage = outage;
  }

  /** How many credentials were ever issued. */
  get issued(): number {
    return this.leases.size;
  }

  /** The credentials that work now. */
  get valid(): readonly SimulatedLease[] {
    return [...this.leases.values()].filter((lease) => this.isValid(lease.id));
  }

  /** Whether a credential works now. */
  isValid(id: string): boolean {
    return this.endsAtMs(id) > this.nowMs();
  }

  /** When a credential ends unless it or its holder is renewed. It may have ended already. */
  endsAtMs(id: string): number {
    const lease = this.leases.get(id);
    if (lease === undefined || lease.isRevoked) return Number.NEGATIVE_INFINITY;
    if (!lease.keepsLease) return lease.endsAtMs;
    const { holder, loginEndsAtMs } = lease;
    const ownerEndsAtMs = holder === null ? loginEndsAtMs : this.living.get(holder)?.endsAtMs;
    return Math.min(lease.endsAtMs, ownerEndsAtMs ?? Number.NEGATIVE_INFINITY);
  }

  async issue(ref: SecretRef, holder: LeaseHolder | null, { signal }: CallOptions): Promise<IssuedLease> {
    this.#answer('issue', signal);
    if (holder !== null && this.#holder(holder.accessor) === undefined)
      throw new ProviderError('UNAUTHENTICATED', 'the token of the holder is not valid');
    const nowMs = this.nowMs();
    const { ttlMs, renewable, loginTtlMs, holderPeriodMs, keepsLease } = this.rules;
    if (this.#loginEndsAtMs - nowMs < LOGIN_REPLACED * loginTtlMs) this.#loginEndsAtMs = nowMs + loginTtlMs;
    const id = `lease/${++this.#count}`;
    const endsAtMs = nowMs + Math.min(ttlMs, this.rules.maxTtlMs);
    this.leases.set(id, {
      id,
      path: ref.location.path ?? '',
      holder: holder?.accessor ?? null,
      issuedAtMs: nowMs,
      loginEndsAtMs: this.#loginEndsAtMs,
      keepsLease,
      isBad: this.issuesBad,
      endsAtMs,
      isRevoked: false,
    });
    const fields = parseLosslessJson(JSON.stringify({ username: id, password: `password of ${id}` }));
    return {
      payload: { kind: 'fields', fields: fields as Extract<IssuedLease['payload'], { kind: 'fields' }>['fields'] },
      leaseId: keepsLease ? id : null,
      durationMs: ttlMs,
      renewable: keepsLease && renewable,
      notAfterMs: keepsLease ? null : endsAtMs,
      tokenTtlMs: holder === null ? this.#loginEndsAtMs - nowMs : holderPeriodMs,
    };
  }

  /** As Vault, it says nothing of the end of the token that owns the lease. */
  async renew(leaseId: string, incrementMs: number, { signal }: CallOptions): Promise<RenewedLease> {
    this.#answer('renew', signal);
    const lease = this.leases.get(leaseId);
    if (lease === undefined || !this.isValid(leaseId)) throw new ProviderError('NOT_FOUND', 'lease not found');
    const nowMs = this.nowMs();
    const endsAtMs = Math.min(nowMs + incrementMs, lease.issuedAtMs + this.rules.maxTtlMs);
    lease.endsAtMs = endsAtMs;
    return { durationMs: endsAtMs - nowMs, renewable: true };
  }

  async revoke(leaseId: string, { signal }: CallOptions): Promise<void> {
    this.#answer('revoke', signal);
    this.end(leaseId);
  }

  /** Ends a credential, as an operator may too. */
  end(leaseId: string): void {
    const lease = this.leases.get(leaseId);
    if (lease?.keepsLease === true) lease.isRevoked = true;
  }

  /** The tokens that own the leases. */
  readonly holders: LeaseHolders = {
    create: async (purpose, { signal }) => {
      this.#answer('hold', signal);
      if (!this.rules.mayHold) throw new ProviderError('ACCESS_DENIED', 'the policy does not allow it; add the role');
      const accessor = `accessor-${++this.#count}`;
      const ttlMs = this.rules.holderPeriodMs;
      this.living.set(accessor, { accessor, purpose, endsAtMs: this.nowMs() + ttlMs });
      return { accessor, token: SecretValue.fromText(`token of ${accessor}`), ttlMs };
    },
    renew: async (accessor, { signal }) => {
      this.#answer('renew', signal);
      const holder = this.#holder(accessor);
      if (holder === undefined) throw new ProviderError('NOT_FOUND', 'there is no such token');
      holder.endsAtMs = this.nowMs() + this.rules.holderPeriodMs;
      return this.rules.holderPeriodMs;
    },
    revoke: async (accessor, { signal }) => {
      this.#answer('revoke', signal);
      this.living.delete(accessor);
    },
  };

  #answer(operation: LeaseOperation, signal: AbortSignal): void {
    signal.throwIfAborted();
    const error = this.#outage() ?? this.refuses(operation);
    if (error !== null) throw error;
  }

  #holder(accessor: string): SimulatedHolder | undefined {
    const holder = this.living.get(accessor);
    return holder === undefined || holder.endsAtMs <= this.nowMs() ? undefined : holder;
  }
}
