import { expect, test } from 'vitest';
import type { ServiceBindings } from '../bindings/secret-binding.ts';
import { NOTHING_OPEN, type Quarantine } from '../ledger/ledger.ts';
import type { SecretVersion } from '../ledger/secret-version.ts';
import { releaseOutdated } from './quarantine.ts';

const value = (revision: string): SecretVersion => ({ revision, digest: revision });
const task = { id: 't1', generation: 0, createdAtMs: 5, state: 'running', reason: '' };
const service = {
  service: { id: 'web', tasks: [task], secretIds: ['s1'], formerSecretIds: [] },
  bindings: [{ key: 's1', refKey: 'ref', secret: { id: 's1' } }],
} as unknown as ServiceBindings;
const set: Quarantine = {
  failed: { s1: value('r2') },
  lastGood: { s1: value('r1') },
  sinceMs: 0,
  reason: 'exit code 1',
  isByUser: false,
};
const entry = { ...NOTHING_OPEN, quarantines: [set] };

test('a quarantine ends when its value is replaced: tasks have the last good value, and the failed one is remembered', () => {
  expect(releaseOutdated(entry, service, () => value('r2')).entry).toBe(entry);
  expect(releaseOutdated(entry, service, () => value('r3'))).toEqual({
    entry: {
      ...NOTHING_OPEN,
      previousValues: { s1: [{ ...value('r1'), untilMs: 6 }] },
      failedBefore: { s1: value('r2') },
    },
    released: [set],
  });
});

test('a value that its user rolled back is not remembered as failed', () => {
  const byUser = { ...NOTHING_OPEN, quarantines: [{ ...set, isByUser: true }] };
  expect(releaseOutdated(byUser, service, () => value('r3')).entry.failedBefore).toEqual({});
});
