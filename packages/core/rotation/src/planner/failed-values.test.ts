import { expect, test } from 'vitest';
import type { BindingState } from '../bindings/binding-state.ts';
import { type LedgerService, NOTHING_OPEN, type OpenRollout, type Values } from '../ledger/ledger.ts';
import { tagRevision } from '../ledger/secret-version.ts';
import type { Workload } from '../ports/orchestrator.ts';
import { FailedValues, failedValues } from './failed-values.ts';

const value = (refKey: string, revision: string, bytes: string) => ({
  revision: tagRevision(refKey, revision),
  digest: bytes,
});
const web = { id: 'web', name: 'shop_web' } as Workload;
const failed = value('vault app/db', '2', 'bad bytes');
const set = { failed: { db: failed }, lastGood: {}, sinceMs: 0, reason: '', isByUser: false };
const failedOf = (entry: Partial<LedgerService>, bindings: readonly BindingState[] = [], heldAgainst: Values = {}) =>
  failedValues({ service: web, entry: { ...NOTHING_OPEN, ...entry }, bindings }, heldAgainst);
const values = new FailedValues(failedOf({ quarantines: [set] }));

test.each([
  ['the value itself', 'db', failed, 'shop_web'],
  ['its bytes under another revision', 'db', value('vault app/db', '3', 'bad bytes'), 'shop_web'],
  ['it as another secret of the Swarm with the same ref', 'db_copy', failed, 'shop_web'],
  ['a newer value', 'db', value('vault app/db', '3', 'good bytes'), undefined],
  ['equal bytes of another ref', 'other', value('vault app/other', '1', 'bad bytes'), undefined],
])('of %s it is known whether it failed in another service', (_what, key, asked, expected) => {
  expect(values.failedIn('api', key, asked)).toBe(expected);
});

test('a service is not stopped by what failed in itself', () => {
  expect(values.failedIn('web', 'db', failed)).toBeUndefined();
});

const rollout: OpenRollout = {
  ...{ direction: 'forward', generation: 5, startedAtMs: 0, changedAtMs: 0, attempt: 1, failure: '', fingerprint: '' },
  state: 'failed',
  target: { db: failed, cert: value('vault app/cert', '1', 'cert') },
  lastGood: { db: value('vault app/db', '1', 'old'), cert: value('vault app/cert', '1', 'cert') },
};

test.each([
  ['a failed rollout that was left as it is', rollout, ['db']],
  ['one that brings the last good values', { ...rollout, direction: 'rollback' }, []],
  ['one that is open', { ...rollout, state: 'open' }, []],
  ['one that is stuck', { ...rollout, state: 'stuck' }, []],
] as const)('of %s, these values count as failed', (_what, open, expected) => {
  expect(failedOf({ rollout: open }).map(({ key }) => key)).toEqual(expected);
});

test('a value counts as failed while its rollback is being prepared', () => {
  const open = { ...rollout, state: 'open' as const };
  expect(failedOf({ rollout: open }, [], { db: failed }).map(({ key }) => key)).toEqual(['db']);
});

test('values that failed together say nothing about each other once one of them is replaced', () => {
  const desired = (revision: string) =>
    [
      { binding: { key: 'api' }, desired: value('vault app/api', revision, `api ${revision}`) },
    ] as unknown as BindingState[];
  const asFailed = { ...rollout, target: { ...rollout.target, api: value('vault app/api', '2', 'api 2') } };
  expect(failedOf({ rollout: asFailed }, desired('2')).map(({ key }) => key)).toEqual(['db', 'api']);
  expect(failedOf({ rollout: asFailed }, desired('3'))).toEqual([]);
});

test('what the user of a service rolled back did not fail', () => {
  expect(failedOf({ quarantines: [{ ...set, isByUser: true }] })).toEqual([]);
});
