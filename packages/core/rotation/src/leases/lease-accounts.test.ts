import { SimulatedClock } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import type { LedgerStore, WriteOutcome } from '../ports/orchestrator.ts';
import { LeaseAccounts } from './lease-accounts.ts';
import { addHolder } from './lease-changes.ts';
import { NO_LEASES, serialiseLeases } from './lease-document.ts';

const { signal } = new AbortController();
const clock = new SimulatedClock();
const HOLDER = { accessor: 'a', serviceId: 's', generation: 1, provider: 'vault', ttlMs: 1 };

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
  const made = new LeaseAccounts({ leaseLedger, clock, onChange: () => undefined });
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
  const accounts = new LeaseAccounts({ leaseLedger, clock, onChange: () => undefined });
  const exchange = () => accounts.exchange(() => [], { signal, mayRewrite: true });
  accounts.change(addHolder(HOLDER));
  expect(await exchange()).toBe(true);
  expect(accounts.failure).toBe('the accounts of leases could not be written: raft message is too large');
  expect([accounts.view.holders, accounts.writes]).toEqual([[HOLDER], 0]);
  rejects = false;
  expect(await exchange()).toBe(true);
  expect([accounts.failure, accounts.writes, stored]).toEqual([
    null,
    1,
    serialiseLeases({ sets: [], holders: [HOLDER] }),
  ]);
  rejects = true;
  expect(await exchange()).toBe(false);
  expect(accounts.failure).toBe('the accounts of leases could not be read: no such right');
  expect(accounts.view.holders).toEqual([HOLDER]);
});

/** Accounts of which each read is counted, and answered by `answer`. */
function readAccounts(answer: () => Promise<string>) {
  let reads = 0;
  const leaseLedger: LedgerStore = {
    read: async () => {
      reads += 1;
      return { kind: 'text', version: '1', text: await answer(), mustRewrite: false, warning: null };
    },
    compareAndSet: async () => 'applied',
  };
  const made = new LeaseAccounts({ leaseLedger, clock, onChange: () => undefined });
  return { accounts: made, reads: () => reads };
}

const EMPTY = serialiseLeases(NO_LEASES);
const WITH_HOLDER = serialiseLeases({ sets: [], holders: [HOLDER] });

test('requests read the accounts once in 5 s, also if they come at the same time or the read fails', async () => {
  let text = EMPTY;
  const { accounts, reads } = readAccounts(async () => (text === '' ? Promise.reject(new Error('away')) : text));
  expect(await Promise.all([accounts.refresh(300), accounts.refresh(300)])).toEqual([true, true]);
  text = WITH_HOLDER;
  await clock.advance(4_999);
  expect([await accounts.refresh(300), accounts.view.holders, reads()]).toEqual([false, [], 1]);
  await clock.advance(1);
  expect([await accounts.refresh(300), accounts.view.holders, reads()]).toEqual([true, [HOLDER], 2]);
  await clock.advance(5_000);
  text = '';
  expect([await accounts.refresh(300), await accounts.refresh(300)]).toEqual([false, false]);
  expect([accounts.view.holders, reads()]).toEqual([[HOLDER], 3]);
  await clock.advance(5_000);
  await accounts.exchange(() => [], { signal, mayRewrite: false });
  text = WITH_HOLDER;
  await accounts.exchange(() => [], { signal, mayRewrite: false });
  expect([await accounts.refresh(300), reads()]).toEqual([false, 5]);
});

test('a request waits for the accounts no longer than it may, and one that comes later no longer than 300 ms', async () => {
  const { accounts, reads } = readAccounts(() => new Promise(() => undefined));
  const times: number[] = [];
  const startedAtMs = clock.monotonic();
  const refresh = async (leftMs: number) => {
    expect(await accounts.refresh(leftMs)).toBe(false);
    times.push(clock.monotonic() - startedAtMs);
  };
  void refresh(100);
  void refresh(1_000);
  await clock.advance(1_000);
  expect([times, reads()]).toEqual([[100, 300], 1]);
});

test('what was read before the accounts were written is not taken', async () => {
  const first = Promise.withResolvers<string>();
  const answers = [first.promise, Promise.resolve(EMPTY)];
  const { accounts } = readAccounts(() => answers.shift() ?? Promise.reject(new Error('too often')));
  const refreshing = accounts.refresh(300);
  accounts.change(addHolder(HOLDER));
  await accounts.exchange(() => [], { signal, mayRewrite: false });
  first.resolve(EMPTY);
  expect([await refreshing, accounts.view.holders]).toEqual([false, [HOLDER]]);
});
