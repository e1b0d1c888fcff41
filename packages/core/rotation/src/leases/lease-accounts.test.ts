import { expect, test } from 'vitest';
import type { LedgerStore, WriteOutcome } from '../ports/orchestrator.ts';
import { LeaseAccounts } from './lease-accounts.ts';
import { addHolder } from './lease-changes.ts';
import { NO_LEASES, serialiseLeases } from './lease-document.ts';

const { signal } = new AbortController();

/** Accounts whose stored text is to be written again, and how often they were written. */
function accounts(mustRewrite: boolean) {
  let writes = 0;
  const leaseLedger: LedgerStore = {
    read: async () => ({ kind: 'text', version: '1', text: serialiseLeases(NO_LEASES), mustRewrite, warning: null }),
    compareAndSet: async () => {
      writes += 1;
      return 'applied';
    },
  };
  const made = new LeaseAccounts({ leaseLedger, onChange: () => undefined });
  return { exchange: (mayRewrite: boolean) => made.exchange(() => [], { signal, mayRewrite }), writes: () => writes };
}

test('accounts that are stored in an earlier way are written again, by the leader only', async () => {
  const old = accounts(true);
  await old.exchange(false);
  expect(old.writes()).toBe(0);
  await old.exchange(true);
  expect(old.writes()).toBe(1);
  const present = accounts(false);
  await present.exchange(true);
  expect(present.writes()).toBe(0);
});

test('a rejected write and a failed read are reported, and the changes are kept until they are written', async () => {
  let rejects = true;
  let stored: string | null = null;
  const leaseLedger: LedgerStore = {
    read: async () => {
      if (rejects && stored !== null) throw new Error('no such right');
      return stored === null ? null : { kind: 'text', version: '1', text: stored, mustRewrite: false, warning: null };
    },
    compareAndSet: async (_, text): Promise<WriteOutcome> => {
      if (rejects) throw new Error('raft message is too large');
      stored = text;
      return 'applied';
    },
  };
  const accounts = new LeaseAccounts({ leaseLedger, onChange: () => undefined });
  const exchange = () => accounts.exchange(() => [], { signal, mayRewrite: true });
  const holder = { accessor: 'a', serviceId: 's', generation: 1, provider: 'vault', ttlMs: 1 };
  accounts.change(addHolder(holder));
  expect(await exchange()).toBe(true);
  expect(accounts.failure).toBe('the accounts of leases could not be written: raft message is too large');
  expect([accounts.view.holders, accounts.writes]).toEqual([[holder], 0]);
  rejects = false;
  expect(await exchange()).toBe(true);
  expect([accounts.failure, accounts.writes, stored]).toEqual([
    null,
    1,
    serialiseLeases({ sets: [], holders: [holder] }),
  ]);
  rejects = true;
  expect(await exchange()).toBe(false);
  expect(accounts.failure).toBe('the accounts of leases could not be read: no such right');
  expect(accounts.view.holders).toEqual([holder]);
});
