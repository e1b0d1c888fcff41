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
}

/** A credential that the provider knows. */
export interface SimulatedLease {
  readonly id: string;
  readonly holder: string | null;
  readonly issuedAtMs: number;
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
};

/** The engine of a provider that issues credentials, as Vault does: a lease ends with its holder, and nothing says so. */
export class SimulatedLeases implements LeaseIssuer {
  readonly leases = new Map<string, SimulatedLease>();
  readonly living = new Map<string, SimulatedHolder>();
  rules: LeaseRules = DEFAULT_RULES;
  readonly #nowMs: () => number;
  readonly #outage: () => ProviderError | null;
  #count = 0;

  /** @param outage while it gives an error, every call rejects with it. */
  constructor(nowMs: () => number, outage: () => ProviderError | null = () => null) {
    this.#nowMs = nowMs;
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
    const lease = this.leases.get(id);
    if (lease === undefined || lease.isRevoked || lease.endsAtMs <= this.#nowMs()) return false;
    return lease.holder === null || this.#holder(lease.holder) !== undefined;
  }

  async issue(_: SecretRef, holder: LeaseHolder | null, { signal }: CallOptions): Promise<IssuedLease> {
    this.#answer(signal);
    if (holder !== null && this.#holder(holder.accessor) === undefined)
      throw new ProviderError('UNAUTHENTICATED', 'the token of the holder is not valid');
    const nowMs = this.#nowMs();
    const { ttlMs, renewable, loginTtlMs, holderPeriodMs } = this.rules;
    const id = `lease/${++this.#count}`;
    this.leases.set(id, {
      id,
      holder: holder?.accessor ?? null,
      issuedAtMs: nowMs,
      endsAtMs: nowMs + Math.min(ttlMs, this.rules.maxTtlMs),
      isRevoked: false,
    });
    const fields = parseLosslessJson(JSON.stringify({ username: id, password: `password of ${id}` }));
    return {
      payload: { kind: 'fields', fields: fields as Extract<IssuedLease['payload'], { kind: 'fields' }>['fields'] },
      leaseId: id,
      durationMs: ttlMs,
      renewable,
      notAfterMs: null,
      tokenTtlMs: holder === null ? loginTtlMs : holderPeriodMs,
    };
  }

  async renew(leaseId: string, incrementMs: number, { signal }: CallOptions): Promise<RenewedLease> {
    this.#answer(signal);
    const lease = this.leases.get(leaseId);
    if (lease === undefined || !this.isValid(leaseId)) throw new ProviderError('NOT_FOUND', 'lease not found');
    const nowMs = this.#nowMs();
    const endsAtMs = Math.min(nowMs + incrementMs, lease.issuedAtMs + this.rules.maxTtlMs);
    lease.endsAtMs = endsAtMs;
    return { durationMs: endsAtMs - nowMs, renewable: true };
  }

  async revoke(leaseId: string, { signal }: CallOptions): Promise<void> {
    this.#answer(signal);
    const lease = this.leases.get(leaseId);
    if (lease !== undefined) lease.isRevoked = true;
  }

  /** The tokens that own the leases. */
  readonly holders: LeaseHolders = {
    create: async (purpose, { signal }) => {
      this.#answer(signal);
      if (!this.rules.mayHold) throw new ProviderError('ACCESS_DENIED', 'the policy does not allow it; add the role');
      const accessor = `accessor-${++this.#count}`;
      const ttlMs = this.rules.holderPeriodMs;
      this.living.set(accessor, { accessor, purpose, endsAtMs: this.#nowMs() + ttlMs });
      return { accessor, token: SecretValue.fromText(`token of ${accessor}`), ttlMs };
    },
    renew: async (accessor, { signal }) => {
      this.#answer(signal);
      const holder = this.#holder(accessor);
      if (holder === undefined) throw new ProviderError('NOT_FOUND', 'there is no such token');
      holder.endsAtMs = this.#nowMs() + this.rules.holderPeriodMs;
      return this.rules.holderPeriodMs;
    },
    revoke: async (accessor, { signal }) => {
      this.#answer(signal);
      this.living.delete(accessor);
    },
  };

  #answer(signal: AbortSignal): void {
    signal.throwIfAborted();
    const error = this.#outage();
    if (error !== null) throw error;
  }

  #holder(accessor: string): SimulatedHolder | undefined {
    const holder = this.living.get(accessor);
    return holder === undefined || holder.endsAtMs <= this.#nowMs() ? undefined : holder;
  }
}
