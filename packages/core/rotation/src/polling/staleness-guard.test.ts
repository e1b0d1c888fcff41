import { refKey, type SecretRef } from '@vault-swarm/provider';
import { SimulatedClock } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import type { ServiceUses } from '../bindings/secret-binding.ts';
import { emptyLedger, type LedgerDocument } from '../ledger/ledger.ts';
import { ForeignChanges } from './staleness-guard.ts';

const ref: SecretRef = { provider: 'vault', location: { path: 'db' }, encoding: 'raw' };
const key = refKey(ref);
const use = {
  secret: { id: 's1', name: 'db', labels: {} },
  key: 's1',
  otherKey: 'web/s1',
  ref,
  refKey: key,
  rotate: 'auto',
} as const;
const services = [{ service: { id: 'web' }, uses: [use] }] as unknown as readonly ServiceUses[];
const ledger = (revision: string): LedgerDocument => ({
  ...emptyLedger(null),
  secrets: { s1: { revision, digest: revision, seenAtMs: 0 } },
});
const found = (revision: string) => ({ revision, digest: revision });

test('a finding from before another process wrote the ledger may be the older one, one from after it is not', async () => {
  const clock = new SimulatedClock();
  const foreign = new ForeignChanges(clock);
  foreign.read(ledger('r2'), services);
  await clock.advance(5_000);
  const lookedAtMs = clock.monotonic();
  expect(foreign.mayBeNewer(key, found('r2'), lookedAtMs)).toBe(false);
  await clock.advance(5_000);
  foreign.read(ledger('r3'), services);
  expect(foreign.mayBeNewer(key, found('r2'), lookedAtMs)).toBe(true);
  expect(foreign.mayBeNewer(key, found('r3'), lookedAtMs)).toBe(false);
  expect(foreign.mayBeNewer(key, found('r2'), clock.monotonic())).toBe(false);
});

test('what this process wrote itself makes none of its findings older', async () => {
  const clock = new SimulatedClock();
  const foreign = new ForeignChanges(clock);
  foreign.read(ledger('r2'), services);
  await clock.advance(5_000);
  const lookedAtMs = clock.monotonic();
  await clock.advance(5_000);
  foreign.wrote(ledger('r3'));
  foreign.read(ledger('r3'), services);
  expect(foreign.mayBeNewer(key, found('r4'), lookedAtMs)).toBe(false);
});

test('tells the uses whose value another process has written, each time once', () => {
  const foreign = new ForeignChanges(new SimulatedClock());
  const changed = (revision: string) => foreign.read(ledger(revision), services);
  expect(changed('r2')).toEqual([use]);
  expect(changed('r2')).toEqual([]);
  foreign.wrote(ledger('r3'));
  expect(changed('r3')).toEqual([]);
  expect(changed('r4')).toEqual([use]);
});
