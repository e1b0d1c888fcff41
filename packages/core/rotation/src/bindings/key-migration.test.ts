import { expect, test } from 'vitest';
import { emptyLedger, type LedgerService, NOTHING_OPEN } from '../ledger/ledger.ts';
import type { SecretVersion } from '../ledger/secret-version.ts';
import { migrateKeys } from './key-migration.ts';
import type { ServiceBindings } from './secret-binding.ts';

const value = (revision: string): SecretVersion => ({ revision, digest: revision });
const uses = [
  { service: { id: 'web' }, bindings: [{ key: 's1', aliasKey: 'web/s1' }] },
] as unknown as ServiceBindings[];

/** What is recorded of a secret under this key, and of another secret. */
const entry = (key: string): LedgerService => ({
  ...NOTHING_OPEN,
  rollout: {
    ...{ direction: 'forward', generation: 1, startedAtMs: 0, changedAtMs: 0, attempt: 1, state: 'open' },
    ...{ failure: '', fingerprint: '', target: { [key]: value('r2') }, lastGood: { [key]: value('r1') } },
    triggers: { [key]: { by: 'poll', atMs: 0 } },
  },
  quarantines: [
    { failed: { [key]: value('r2') }, lastGood: { [key]: value('r1') }, sinceMs: 0, reason: '', isByUser: false },
  ],
  requested: [key, 's2'],
  previousValues: { [key]: [{ ...value('r1'), untilMs: 1 }] },
  failedBefore: { [key]: value('r3') },
  taskOverrides: { t1: { [key]: value('r0'), s2: value('r7') } },
});
const ledger = (key: string) => ({ ...emptyLedger(null), services: { web: entry(key), api: entry('web/s1') } });

test('what is recorded of a secret follows it to its new key, and what is recorded of others stays', () => {
  expect(migrateKeys(ledger('web/s1'), uses)).toEqual(ledger('s1'));
});

test('nothing is renamed if the keys are the present ones, or nothing is recorded of the service', () => {
  for (const stored of [ledger('s1'), emptyLedger(null)]) expect(migrateKeys(stored, uses)).toBe(stored);
});
