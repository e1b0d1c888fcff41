import { expect, test } from 'vitest';
import { type LedgerService, NOTHING_OPEN } from '../ledger/ledger.ts';
import type { SecretVersion } from '../ledger/secret-version.ts';
import { migrateKeys } from './key-migration.ts';
import type { SecretBinding } from './secret-binding.ts';

const value = (revision: string): SecretVersion => ({ revision, digest: revision });
const binding = { key: 's1', aliasKey: 'web/s1' } as SecretBinding;
const known = { revision: 'r2', digest: 'r2', seenAtMs: 0 };
const entry: LedgerService = {
  ...NOTHING_OPEN,
  quarantines: [
    { failed: { 'web/s1': value('r2') }, lastGood: { 'web/s1': value('r1') }, sinceMs: 0, reason: '', isByUser: false },
  ],
  requested: ['web/s1', 's2'],
  previousValues: { 'web/s1': [{ ...value('r1'), untilMs: 1 }] },
  failedBefore: { 'web/s1': value('r3') },
  taskOverrides: { t1: { 'web/s1': value('r0'), s2: value('r7') } },
};

test('what is recorded of a secret follows it to its new key, and what is recorded of others stays', () => {
  expect(migrateKeys(entry, [binding], { 'web/s1': known })).toEqual({
    ...entry,
    quarantines: [
      { failed: { s1: value('r2') }, lastGood: { s1: value('r1') }, sinceMs: 0, reason: '', isByUser: false },
    ],
    requested: ['s1', 's2'],
    previousValues: { s1: [{ ...value('r1'), untilMs: 1 }] },
    failedBefore: { s1: value('r3') },
    taskOverrides: { t1: { s1: value('r0'), s2: value('r7') } },
  });
});

test('nothing is renamed if the ledger knows the key, or neither', () => {
  expect(migrateKeys(entry, [binding], { s1: known, 'web/s1': known })).toBe(entry);
  expect(migrateKeys(entry, [binding], {})).toBe(entry);
});
