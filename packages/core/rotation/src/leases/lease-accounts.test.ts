import { expect, test } from 'vitest';
import type { LedgerStore } from '../ports/orchestrator.ts';
import { LeaseAccounts } from './lease-accounts.ts';
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
