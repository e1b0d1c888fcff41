import { expect, test } from 'vitest';
import { NOTHING_OPEN } from '../ledger/ledger.ts';
import type { SecretVersion } from '../ledger/secret-version.ts';
import { recordTasks, type TaskRecordsInput } from './task-records.ts';
import type { CurrentValue } from './task-revision.ts';

const value = (revision: string): SecretVersion => ({ revision, digest: revision });
const task = { id: 't1', generation: 0, createdAtMs: 0, state: 'running', reason: '' } as const;
const binding = { secret: { id: 's1', name: 'db', labels: {} }, key: 's1', aliasKey: 'web/s1', refKey: 'ref' };
const recorded = { ...NOTHING_OPEN, taskOverrides: { t1: { s1: value('r2') } } };

/** The entry of a service of one task, of which the ledger notes that it holds `r2`. */
const entryWith = (input: Partial<TaskRecordsInput>) =>
  recordTasks({
    service: { id: 'web', name: 'web', tasks: [task], secretIds: ['s1'], formerSecretIds: [] },
    bindings: [binding],
    before: recorded,
    after: { ...recorded, taskOverrides: {} },
    known: [],
    isStable: true,
    current: () => undefined,
    answered: () => [],
    ledger: { secrets: {}, services: {} },
    secrets: {},
    ...input,
  } as unknown as TaskRecordsInput);

test('what is recorded of a task stays while nothing else is known of its secret', () => {
  expect(entryWith({})?.taskOverrides).toEqual(recorded.taskOverrides);
});

test('it stays as long as it is another value than all tasks are known to hold, and no longer', () => {
  const current = (revision: string): CurrentValue => ({ revision, digest: revision, createdAtMs: null });
  const secrets = (revision: string) => ({ s1: { revision, digest: revision, seenAtMs: 0 } });
  expect(entryWith({ current: () => current('r1'), secrets: secrets('r1') })?.taskOverrides).toEqual(
    recorded.taskOverrides,
  );
  expect(entryWith({ current: () => current('r2'), secrets: secrets('r2') })).toBeNull();
});

test('the records of ended tasks are limited while a rollout stays open', () => {
  const rollout = { target: {}, lastGood: {}, generation: 1 };
  const after = (ended: number) => {
    const ids = Array.from({ length: ended }, (_, index) => `ended-${index}`);
    const taskOverrides = Object.fromEntries([...ids, 't1'].map((id) => [id, { s1: value('r2') }]));
    const before = { ...NOTHING_OPEN, taskOverrides, rollout } as unknown as TaskRecordsInput['before'];
    return Object.keys(entryWith({ before, after: before })?.taskOverrides ?? {});
  };
  expect(after(32)).toHaveLength(33);
  expect(after(33)).toEqual(['t1']);
});

test('what a rollout brought is recorded when it is closed or goes on to another generation, and not when its message changes', () => {
  const rollout = { target: { s1: value('r2') }, lastGood: { s1: value('r1') }, generation: 1, failure: '' };
  const before = { ...NOTHING_OPEN, rollout } as unknown as TaskRecordsInput['before'];
  const entry = (next: object | null) =>
    entryWith({
      service: { id: 'web', tasks: [{ ...task, generation: 1 }], secretIds: ['s1'], formerSecretIds: [] },
      ...{ before, after: { ...before, rollout: next }, secrets: { s1: { ...value('r3'), seenAtMs: 0 } } },
    } as unknown as Partial<TaskRecordsInput>);
  expect(entry({ ...rollout, failure: 'exit code 1' })?.previousValues).toEqual({});
  expect(entry({ ...rollout, generation: 2 })?.previousValues.s1).toMatchObject([value('r2')]);
  expect(entry(null)?.previousValues.s1).toMatchObject([value('r2')]);
});

test('a value that failed before is recorded until the newest one is known and all tasks have run for a while, with it or the newest one', () => {
  const current: CurrentValue = { revision: 'r3', digest: 'r3', createdAtMs: null };
  const after = { ...NOTHING_OPEN, failedBefore: { s1: value('r2') } };
  const failedIn = (actual: string, { isKnown = true, isStable = true } = {}) => {
    const known = [{ binding, desired: value('r3'), seenAtMs: 0, actual: [{ task, value: value(actual) }] }];
    const input = { before: after, after, known, isStable, current: () => (isKnown ? current : undefined) };
    return entryWith(input as unknown as Partial<TaskRecordsInput>)?.failedBefore.s1;
  };
  expect(failedIn('r1')).toEqual(value('r2'));
  for (const actual of ['r2', 'r3']) {
    expect(failedIn(actual, { isKnown: false })).toEqual(value('r2'));
    expect(failedIn(actual, { isStable: false })).toEqual(value('r2'));
    expect(failedIn(actual)).toBeUndefined();
  }
});
