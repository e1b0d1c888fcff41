import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import {
  type IssuedLease,
  type LeaseHolder,
  ProviderError,
  type ProviderErrorCode,
  selectValue,
} from '@vault-swarm/provider';
import { eventually, rejection, within } from '../calls.ts';
import type { LeaseHarness, LeasePorts } from './lease-harness.ts';

/** A rule for every provider with the ports `LeaseIssuer` and `LeaseHolders`. */
export interface LeaseCheck {
  /** A sentence about behaviour, unique among the checks. */
  readonly name: string;
  /** Resolves if the provider follows the rule, else rejects with the difference. `harness` is used only for this run. */
  run(harness: LeaseHarness): Promise<void>;
}

const CALL_DEADLINE_MS = 30_000;
const MAX_ID_LENGTH = 512;
const MAX_ACCESSOR_LENGTH = 200;
const purpose = { service: 'web', generation: 7 };
const soon = () => ({ signal: AbortSignal.timeout(CALL_DEADLINE_MS) });

/** The rules, on which the plugin's handling of leases relies. */
export const leaseChecks: readonly LeaseCheck[] = [
  check('issues a credential that exists, with its lease', async (harness, { leases, holders }) => {
    const holder = await holders.create(purpose, soon());
    const issued = await leases.issue(harness.ref, holder, soon());
    assert((await harness.existing()).has(harness.nameOf(issued)), 'the credential does not exist');
    assert(issued.leaseId !== null && issued.leaseId !== '', 'it has no lease id');
    assert(issued.leaseId.length <= MAX_ID_LENGTH, 'the lease id is too long');
    assert(issued.renewable, 'it is not renewable');
    assert((issued.durationMs ?? 0) >= 10_000, `its duration is ${issued.durationMs} ms`);
    selectValue(issued.payload, { ...harness.ref, encoding: 'json' });
  }),
  check(
    'creates holders that live for a while, with an accessor that is not the token',
    async (_harness, { holders }) => {
      const holder = await holders.create(purpose, soon());
      assert(holder.ttlMs >= 60_000, `its TTL is ${holder.ttlMs} ms`);
      assert(
        holder.accessor !== '' && holder.accessor.length <= MAX_ACCESSOR_LENGTH,
        'the accessor has no valid length',
      );
      assert.notEqual(holder.accessor, tokenOf(holder));
    },
  ),
  check('says how long the holder of a credential lives', async (harness, { leases, holders }) => {
    const holder = await holders.create(purpose, soon());
    const { tokenTtlMs } = await leases.issue(harness.ref, holder, soon());
    assert(tokenTtlMs !== null && tokenTtlMs > 0 && tokenTtlMs <= holder.ttlMs, `it says ${tokenTtlMs} ms`);
  }),
  check('issues another credential for each request', async (harness, { leases, holders }) => {
    const holder = await holders.create(purpose, soon());
    const names = new Set<string>();
    for (let count = 0; count < 3; count++) names.add(harness.nameOf(await leases.issue(harness.ref, holder, soon())));
    assert.equal(names.size, 3);
  }),
  check('renews a credential for the requested time', async (harness, { leases, holders }) => {
    const { leaseId } = await leases.issue(harness.ref, await holders.create(purpose, soon()), soon());
    const { durationMs, renewable } = await leases.renew(leaseId ?? '', 10_000, soon());
    assert(durationMs > 5_000 && durationMs <= 11_000, `it is valid for ${durationMs} ms`);
    assert(renewable, 'it is not renewable any more');
  }),
  check('says that a renewal is shorter than requested', async (harness, { leases, holders }) => {
    const { leaseId } = await leases.issue(harness.ref, await holders.create(purpose, soon()), soon());
    const { durationMs } = await leases.renew(leaseId ?? '', 10 * harness.maxLeaseMs, soon());
    assert(durationMs <= harness.maxLeaseMs, `it says that it is valid for ${durationMs} ms`);
  }),
  check('revokes one credential and no other', async (harness, { leases, holders }) => {
    const holder = await holders.create(purpose, soon());
    const [first, second] = [
      await leases.issue(harness.ref, holder, soon()),
      await leases.issue(harness.ref, holder, soon()),
    ];
    await leases.revoke(first.leaseId ?? '', soon());
    const existing = await harness.existing();
    assert(!existing.has(harness.nameOf(first)), 'the revoked credential exists');
    assert(existing.has(harness.nameOf(second)), 'another credential does not exist any more');
  }),
  check('ends all credentials of a holder, and none of another', async (harness, { leases, holders }) => {
    const [ended, other] = [await holders.create(purpose, soon()), await holders.create(purpose, soon())];
    const issued: IssuedLease[] = [];
    for (let count = 0; count < 3; count++) issued.push(await leases.issue(harness.ref, ended, soon()));
    const kept = await leases.issue(harness.ref, other, soon());
    await holders.revoke(ended.accessor, soon());
    await eventually(harness.deletedWithinMs, async () => {
      const existing = await harness.existing();
      for (const lease of issued) assert(!existing.has(harness.nameOf(lease)), 'a credential of the holder exists');
    });
    assert(
      (await harness.existing()).has(harness.nameOf(kept)),
      'a credential of another holder does not exist any more',
    );
  }),
  check('renews a holder by its accessor', async (_harness, { holders }) => {
    const { accessor } = await holders.create(purpose, soon());
    const leftMs = await holders.renew(accessor, soon());
    assert(leftMs >= 60_000, `it lives for ${leftMs} ms`);
  }),
  check('revokes what is already revoked without an error', async (harness, { leases, holders }) => {
    const holder = await holders.create(purpose, soon());
    const { leaseId } = await leases.issue(harness.ref, holder, soon());
    for (let count = 0; count < 2; count++) await leases.revoke(leaseId ?? '', soon());
    for (let count = 0; count < 2; count++) await holders.revoke(holder.accessor, soon());
    await leases.revoke(leaseId ?? '', soon());
  }),
  check('fails with NOT_FOUND, proven, for a renewal of a revoked credential', async (harness, { leases, holders }) => {
    const { leaseId } = await leases.issue(harness.ref, await holders.create(purpose, soon()), soon());
    await leases.revoke(leaseId ?? '', soon());
    const error = await failed(leases.renew(leaseId ?? '', 10_000, soon()), 'NOT_FOUND');
    assert(error.isProven, 'the error is not proven');
  }),
  check('fails with NOT_FOUND, proven, for a renewal of a revoked holder', async (_harness, { holders }) => {
    const { accessor } = await holders.create(purpose, soon());
    await holders.revoke(accessor, soon());
    const error = await failed(holders.renew(accessor, soon()), 'NOT_FOUND');
    assert(error.isProven, 'the error is not proven');
  }),
  check(
    'fails with UNAUTHENTICATED for a holder that has ended, and creates nothing',
    async (harness, { leases, holders }) => {
      const holder = await holders.create(purpose, soon());
      await holders.revoke(holder.accessor, soon());
      await failed(leases.issue(harness.ref, holder, soon()), 'UNAUTHENTICATED');
      assert.equal(await harness.created(), 0);
    },
  ),
  check('fails with ACCESS_DENIED for a location that the holder may not use', async (harness, { leases, holders }) => {
    const holder = await holders.create(purpose, soon());
    await failed(leases.issue(harness.denied, holder, soon()), 'ACCESS_DENIED');
  }),
  check(
    'fails with NOT_FOUND or INVALID_REF for a location that issues nothing',
    async (harness, { leases, holders }) => {
      const holder = await holders.create(purpose, soon());
      const error = await failed(leases.issue(harness.missing, holder, soon()), 'NOT_FOUND', 'INVALID_REF');
      assert(error.isProven, 'the error is not proven');
      assert.equal(await harness.created(), 0);
    },
  ),
  check('keeps credentials when the login ends that requested them', async (harness, { leases, holders }) => {
    const holder = await holders.create(purpose, soon());
    const issued = await leases.issue(harness.ref, holder, soon());
    await harness.endLogins();
    await withInstance(harness, async (next) => {
      await next.leases.renew(issued.leaseId ?? '', 10_000, soon());
      await next.holders.renew(holder.accessor, soon());
      assert((await harness.existing()).has(harness.nameOf(issued)), 'the credential does not exist any more');
      await next.holders.revoke(holder.accessor, soon());
    });
    await eventually(harness.deletedWithinMs, async () => {
      assert(!(await harness.existing()).has(harness.nameOf(issued)), 'the credential exists');
    });
  }),
  check('rejects an aborted issue at once, and does not repeat it', async (harness, { leases, holders }) => {
    const holder = await holders.create(purpose, soon());
    const abort = new AbortController();
    const issue = rejection(leases.issue(harness.ref, holder, { signal: abort.signal }));
    abort.abort();
    await within(100, 'an aborted issue', issue);
    await failed(Promise.reject(await issue), 'UNAVAILABLE');
    await holders.renew(holder.accessor, soon());
    assert((await harness.created()) <= 1, 'it was repeated');
  }),
  check('shows no token in a printed holder or in an error', async (harness, { leases, holders }) => {
    const holder = await holders.create(purpose, soon());
    const token = tokenOf(holder);
    const error = await failed(leases.issue(harness.denied, holder, soon()));
    for (const shown of [
      inspect(holder, { depth: 8 }),
      JSON.stringify(holder),
      String(holder.token),
      inspect(error),
      error.message,
    ]) {
      assert(!shown.includes(token), 'the token is shown');
    }
  }),
];

function check(name: string, verify: (harness: LeaseHarness, ports: LeasePorts) => Promise<void>): LeaseCheck {
  return { name, run: (harness) => withInstance(harness, (ports) => verify(harness, ports)) };
}

async function withInstance(harness: LeaseHarness, use: (ports: LeasePorts) => Promise<void>): Promise<void> {
  const instance = await harness.open();
  try {
    const { leases, holders } = instance;
    assert(leases !== null, 'the instance has no leases');
    assert(holders !== null, 'the instance has no holders');
    await use({ leases, holders });
  } finally {
    await instance.close();
  }
}

async function failed(call: Promise<unknown>, ...codes: readonly ProviderErrorCode[]): Promise<ProviderError> {
  const error = await rejection(call);
  assert(error instanceof ProviderError, `not a ProviderError, but ${String(error)}`);
  const isExpected = codes.length === 0 || codes.includes(error.code);
  assert(isExpected, `the code is ${error.code} instead of ${codes.join(' or ')}: ${error.message}`);
  return error;
}

function tokenOf({ token }: LeaseHolder): string {
  return Buffer.from(token.reveal()).toString();
}
