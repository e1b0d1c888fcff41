import { refKey, type SecretRef } from '@vault-swarm/provider';
import { SimulatedClock } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import type { ServiceBindings } from '../bindings/secret-binding.ts';
import { emptyLedger, type LedgerDocument } from '../ledger/ledger.ts';
import { StalenessGuard } from './staleness-guard.ts';

const ref: SecretRef = { provider: 'vault', location: { path: 'db' }, encoding: 'raw' };
const key = refKey(ref);
const binding = {
  secret: { id: 's1', name: 'db', labels: {} },
  key: 's1',
  aliasKey: 'web/s1',
  ref,
  refKey: key,
  rotate: 'auto',
} as const;
const services = [{ service: { id: 'web' }, bindings: [binding] }] as unknown as readonly ServiceBindings[];
const ledger = (revision: string): LedgerDocument => ({
  ...emptyLedger(null),
  secrets: { s1: { revision, digest: revision, seenAtMs: 0 } },
});
const found = (revision: string) => ({ revision, digest: revision });

test('a finding from before another process wrote the ledger may be the older one, one from after it is not', async () => {
  const clock = new SimulatedClock();
  const staleness = new StalenessGuard(clock);
  staleness.read(ledger('r2'), services);
  await clock.advance(5_000);
  const polledAtMs = clock.monotonic();
  expect(staleness.mayBeNewer(key, found('r2'), polledAtMs)).toBe(false);
  await clock.advance(5_000);
  staleness.read(ledger('r3'), services);
  expect(staleness.mayBeNewer(key, found('r2'), polledAtMs)).toBe(true);
  expect(staleness.mayBeNewer(key, found('r3'), polledAtMs)).toBe(false);
  expect(staleness.mayBeNewer(key, found('r2'), clock.monotonic())).toBe(false);
});

test('what this process wrote itself makes none of its findings older', async () => {
  const clock = new SimulatedClock();
  const staleness = new StalenessGuard(clock);
  staleness.read(ledger('r2'), services);
  await clock.advance(5_000);
  const polledAtMs = clock.monotonic();
  await clock.advance(5_000);
  staleness.wrote(ledger('r3'));
  staleness.read(ledger('r3'), services);
  expect(staleness.mayBeNewer(key, found('r4'), polledAtMs)).toBe(false);
});

test('tells the uses whose value another process has written, each time once', () => {
  const staleness = new StalenessGuard(new SimulatedClock());
  const changed = (revision: string) => staleness.read(ledger(revision), services);
  expect(changed('r2')).toEqual([binding]);
  expect(changed('r2')).toEqual([]);
  staleness.wrote(ledger('r3'));
  expect(changed('r3')).toEqual([]);
  expect(changed('r4')).toEqual([binding]);
});
