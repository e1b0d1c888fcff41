import { expect, test } from 'vitest';
import { type LedgerService, NOTHING_OPEN } from '../ledger/ledger.ts';
import type { HeldValue } from '../ledger/secret-version.ts';
import { renameKeys } from './key-migration.ts';
import type { SecretUse } from './secret-binding.ts';

const value = (revision: string): HeldValue => ({ revision, digest: revision });
const use = { key: 's1', otherKey: 'web/s1' } as SecretUse;
const known = { revision: 'r2', digest: 'r2', seenAtMs: 0 };
const entry: LedgerService = {
  ...NOTHING_OPEN,
  setAside: [{ failed: { 'web/s1': value('r2') }, lastGood: { 'web/s1': value('r1') }, sinceMs: 0, reason: '' }],
  requested: ['web/s1', 's2'],
  earlier: { 'web/s1': [{ ...value('r1'), untilMs: 1 }] },
  exceptions: { t1: { 'web/s1': value('r0'), s2: value('r7') } },
};

test('what is noted of a secret follows it to its new key, and what is noted of others stays', () => {
  expect(renameKeys(entry, [use], { 'web/s1': known })).toEqual({
    ...entry,
    setAside: [{ failed: { s1: value('r2') }, lastGood: { s1: value('r1') }, sinceMs: 0, reason: '' }],
    requested: ['s1', 's2'],
    earlier: { s1: [{ ...value('r1'), untilMs: 1 }] },
    exceptions: { t1: { s1: value('r0'), s2: value('r7') } },
  });
});

test('nothing is renamed where the ledger knows the key, or neither', () => {
  expect(renameKeys(entry, [use], { s1: known, 'web/s1': known })).toBe(entry);
  expect(renameKeys(entry, [use], {})).toBe(entry);
});
