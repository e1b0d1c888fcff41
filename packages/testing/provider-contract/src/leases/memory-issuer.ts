import {
  type IssuedLease,
  type LeaseHolder,
  ProviderError,
  type ProviderInstance,
  SecretValue,
} from '@vault-swarm/provider';
import type { LeaseHarness } from './lease-harness.ts';

const HOLDER_MS = 3_600_000;
const LEASE_MS = 60_000;
const MAX_LEASE_MS = 90_000;

interface Token {
  readonly accessor: string;
  readonly token: string;
  /** Ends with the login, as a token that is no orphan. */
  readonly isChild: boolean;
}

/** Where a mutant differs from the reference. */
export interface IssuerBehaviour {
  /** Changes what an issue returns. */
  readonly issued: (issued: IssuedLease, previous: IssuedLease | undefined) => IssuedLease;
  /** How often an issue creates a credential. */
  readonly creations: number;
  readonly createsBeforeChecks: boolean;
  /** The duration of a renewal. */
  readonly renewedMs: (requestedMs: number) => number;
  /** Which leases a revocation of one ends, of all leases and the named one. */
  readonly revoked: (all: readonly string[], id: string) => readonly string[];
  /** Whether the end of a holder ends its credentials. */
  readonly holderEndsLeases: boolean;
  readonly holder: (holder: LeaseHolder) => LeaseHolder;
  readonly holderRenewedMs: number;
  readonly failure: (error: ProviderError) => Error;
  readonly isOrphan: boolean;
  readonly checksHolder: boolean;
  readonly checksPolicy: boolean;
  readonly checksLocation: boolean;
  readonly repeatsRevocation: boolean;
  readonly heedsAborts: boolean;
}

const correct: IssuerBehaviour = {
  issued: (issued) => issued,
  creations: 1,
  createsBeforeChecks: false,
  renewedMs: (requestedMs) => Math.min(requestedMs, MAX_LEASE_MS),
  revoked: (_all, id) => [id],
  holderEndsLeases: true,
  holder: (holder) => holder,
  holderRenewedMs: HOLDER_MS,
  failure: (error) => error,
  isOrphan: true,
  checksHolder: true,
  checksPolicy: true,
  checksLocation: true,
  repeatsRevocation: true,
  heedsAborts: true,
};

/** A backend in memory that issues credentials, and its provider: the reference for the checks of leases. */
export function createMemoryIssuer(mutation: Partial<IssuerBehaviour> = {}): LeaseHarness {
  const does = { ...correct, ...mutation };
  const tokens = new Map<string, Token>();
  /** By lease id: the accessor of the holder. */
  const leases = new Map<string, string>();
  let created = 0;
  let previous: IssuedLease | undefined;
  const ref = (path: string) => ({
    provider: 'memory',
    location: { path },
    encoding: 'raw' as const,
    lease: { params: null, settleMs: 0 },
  });
  const fail = (code: ConstructorParameters<typeof ProviderError>[0], message: string): never => {
    throw does.failure(new ProviderError(code, message));
  };
  const endHolder = (accessor: string) => {
    tokens.delete(accessor);
    if (!does.holderEndsLeases) return;
    for (const [id, owner] of leases) if (owner === accessor) leases.delete(id);
  };
  const instance: ProviderInstance = {
    name: 'memory',
    secrets: { read: () => Promise.reject(new ProviderError('NOT_FOUND', 'nothing is stored')) },
    ...{ probe: null, hints: null, revisions: null, order: null },
    leases: {
      async issue({ location }, holder, { signal }) {
        await new Promise((resolve) => setImmediate(resolve));
        if (does.createsBeforeChecks) created += does.creations;
        if (does.heedsAborts && signal.aborted) return fail('UNAVAILABLE', 'the issue was aborted');
        const known = tokens.get(holder?.accessor ?? '');
        if (does.checksHolder && known === undefined) return fail('UNAUTHENTICATED', 'the holder has ended');
        if (does.checksPolicy && location.path === 'denied')
          return fail('ACCESS_DENIED', `add the rule; ${known?.token.slice(0, 4)}`);
        if (does.checksLocation && location.path === 'missing') return fail('NOT_FOUND', 'there is no such role');
        let id = '';
        for (let count = 0; count < does.creations; count++) {
          created += 1;
          id = `creds/app/${created}`;
          leases.set(id, holder?.accessor ?? '');
        }
        const issued: IssuedLease = {
          payload: { kind: 'fields', fields: { username: id, password: 'p' } },
          leaseId: id,
          durationMs: LEASE_MS,
          renewable: true,
          notAfterMs: null,
          tokenTtlMs: holder?.ttlMs ?? null,
        };
        previous = does.issued(issued, previous);
        return previous;
      },
      async renew(id, incrementMs) {
        if (!leases.has(id)) return fail('NOT_FOUND', 'there is no such lease');
        return { durationMs: does.renewedMs(incrementMs), renewable: true };
      },
      async revoke(id) {
        if (!leases.has(id) && !does.repeatsRevocation) fail('NOT_FOUND', 'there is no such lease');
        for (const each of does.revoked([...leases.keys()], id)) leases.delete(each);
      },
    },
    holders: {
      async create() {
        const number = `${tokens.size + 1}-${created}-${Math.random()}`;
        const made = { accessor: `accessor-${number}`, token: `token-${number}`, isChild: !does.isOrphan };
        tokens.set(made.accessor, made);
        return does.holder({ ...made, token: SecretValue.fromText(made.token), ttlMs: HOLDER_MS });
      },
      async renew(accessor) {
        if (!tokens.has(accessor)) return fail('NOT_FOUND', 'there is no such token');
        return does.holderRenewedMs;
      },
      revoke: async (accessor) => endHolder(accessor),
    },
    close: async () => undefined,
  };
  return {
    open: async () => instance,
    ref: ref('app'),
    missing: ref('missing'),
    denied: ref('denied'),
    maxLeaseMs: MAX_LEASE_MS,
    nameOf: ({ payload }) => (payload.kind === 'fields' ? String(payload.fields.username) : ''),
    existing: async () => new Set(leases.keys()),
    created: async () => created,
    async endLogins() {
      for (const { accessor, isChild } of tokens.values()) if (isChild) endHolder(accessor);
    },
    deletedWithinMs: 50,
    tearDown: async () => undefined,
  };
}
