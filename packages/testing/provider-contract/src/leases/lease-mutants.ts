import { ProviderError, SecretValue } from '@vault-swarm/provider';
import type { IssuerBehaviour } from './memory-issuer.ts';

/** A provider with one fault, and the checks that must find it. */
export interface LeaseMutant {
  readonly name: string;
  readonly mutation: Partial<IssuerBehaviour>;
  /** The starts of the names of checks that must fail; others may fail too. */
  readonly foundBy: readonly string[];
}

type Code = ConstructorParameters<typeof ProviderError>[0];

function failing(from: Code, to: Code | 'unproven' | 'TypeError'): Partial<IssuerBehaviour> {
  return {
    failure: (error) => {
      if (error.code !== from) return error;
      if (to === 'TypeError') return new TypeError('undefined is not a function');
      return to === 'unproven'
        ? new ProviderError(from, error.message, { isProven: false })
        : new ProviderError(to, error.message);
    },
  };
}

export const leaseMutants: readonly LeaseMutant[] = [
  {
    name: 'returns the same credential again',
    mutation: { issued: (issued, previous) => previous ?? issued },
    foundBy: ['issues another credential'],
  },
  {
    name: 'creates a credential although the issue was rejected',
    mutation: { createsBeforeChecks: true },
    foundBy: ['fails with UNAUTHENTICATED', 'fails with NOT_FOUND or INVALID_REF'],
  },
  {
    name: 'repeats an issue that was aborted',
    mutation: { creations: 2, createsBeforeChecks: true },
    foundBy: ['rejects an aborted issue'],
  },
  {
    name: 'has no lease id',
    mutation: { issued: (issued) => ({ ...issued, leaseId: null }) },
    foundBy: ['issues a credential'],
  },
  {
    name: 'counts in seconds',
    mutation: { issued: (issued) => ({ ...issued, durationMs: 60 }) },
    foundBy: ['issues a credential'],
  },
  {
    name: 'does not know how long the holder lives',
    mutation: { issued: (issued) => ({ ...issued, tokenTtlMs: null }) },
    foundBy: ['says how long the holder'],
  },
  {
    name: 'renews for another time than requested',
    mutation: { renewedMs: () => 60_000 },
    foundBy: ['renews a credential for'],
  },
  {
    name: 'hides that a renewal was cut',
    mutation: { renewedMs: (requestedMs) => requestedMs },
    foundBy: ['says that a renewal is shorter'],
  },
  {
    name: 'revokes nothing',
    mutation: { revoked: () => [] },
    foundBy: ['revokes one credential', 'fails with NOT_FOUND, proven, for a renewal of a revoked credential'],
  },
  { name: 'revokes everything', mutation: { revoked: (all) => all }, foundBy: ['revokes one credential'] },
  {
    name: 'leaves the credentials of a revoked holder',
    mutation: { holderEndsLeases: false },
    foundBy: ['ends all credentials of a holder'],
  },
  {
    name: 'uses the token as the accessor',
    mutation: {
      holder: (holder) => ({ ...holder, accessor: Buffer.from(holder.token.reveal()).toString() }),
    },
    foundBy: ['creates holders', 'shows no token'],
  },
  {
    name: 'has holders of a second',
    mutation: { holder: (holder) => ({ ...holder, ttlMs: 1_000 }) },
    foundBy: ['creates holders'],
  },
  { name: 'does not extend holders', mutation: { holderRenewedMs: 0 }, foundBy: ['renews a holder by its accessor'] },
  {
    name: 'has holders that depend on the login',
    mutation: { isOrphan: false },
    foundBy: ['keeps credentials when the login ends'],
  },
  {
    name: 'fails for a second revocation',
    mutation: { repeatsRevocation: false },
    foundBy: ['revokes what is already revoked'],
  },
  {
    name: 'takes a lease that is gone for an outage',
    mutation: failing('NOT_FOUND', 'UNAVAILABLE'),
    foundBy: [
      'fails with NOT_FOUND, proven, for a renewal of a revoked credential',
      'fails with NOT_FOUND, proven, for a renewal of a revoked holder',
      'fails with NOT_FOUND or INVALID_REF',
    ],
  },
  {
    name: 'does not prove what is gone',
    mutation: failing('NOT_FOUND', 'unproven'),
    foundBy: [
      'fails with NOT_FOUND, proven, for a renewal of a revoked credential',
      'fails with NOT_FOUND, proven, for a renewal of a revoked holder',
    ],
  },
  {
    name: 'issues with the login if the holder has ended',
    mutation: { checksHolder: false },
    foundBy: ['fails with UNAUTHENTICATED'],
  },
  {
    name: 'takes a holder that has ended for a missing rule',
    mutation: failing('UNAUTHENTICATED', 'ACCESS_DENIED'),
    foundBy: ['fails with UNAUTHENTICATED'],
  },
  {
    name: 'issues with the login what the holder may not',
    mutation: { checksPolicy: false },
    foundBy: ['fails with ACCESS_DENIED'],
  },
  {
    name: 'rejects with another error',
    mutation: failing('ACCESS_DENIED', 'TypeError'),
    foundBy: ['fails with ACCESS_DENIED', 'shows no token'],
  },
  {
    name: 'issues at any location',
    mutation: { checksLocation: false },
    foundBy: ['fails with NOT_FOUND or INVALID_REF'],
  },
  { name: 'ignores an abort', mutation: { heedsAborts: false }, foundBy: ['rejects an aborted issue'] },
  {
    name: 'prints the token',
    mutation: {
      holder: (holder) => ({
        ...holder,
        token: Object.assign(SecretValue.fromText(''), {
          reveal: () => holder.token.reveal(),
          toJSON: () => Buffer.from(holder.token.reveal()).toString(),
        }),
      }),
    },
    foundBy: ['shows no token'],
  },
];
