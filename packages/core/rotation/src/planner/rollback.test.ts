import { describe, expect, test } from 'vitest';
import type { BindingState } from '../bindings/binding-state.ts';
import { NOTHING_OPEN, type OpenRollout } from '../ledger/ledger.ts';
import type { SecretVersion } from '../ledger/secret-version.ts';
import type { FailedTask, WorkloadTask } from '../ports/orchestrator.ts';
import { aside, bad, bindingOf, decide, rollout, type Told, task, typesOf, value } from '../testing/decided-service.ts';

describe('a paused rollout whose tasks failed with its value', () => {
  test('is quarantined, and the service returns to the generation whose tasks run with the last good value', () => {
    const decision = decide();
    expect(typesOf(decision)).toEqual(['rollout.failed', 'quarantine.started', 'rollback.started']);
    expect(decision.entry.quarantines).toEqual(aside);
    expect(decision.entry.rollout).toMatchObject({ direction: 'rollback', generation: 4, target: { s1: value('r1') } });
    expect(decision.entry.highestUsedGeneration).toBe(5);
    expect(decision.roll).toMatchObject({ serviceId: 'web', version: 7, generation: 4 });
  });

  test('goes on to a new generation if its user changed the service, or no task has the last good value', () => {
    const actual = [{ task: task('old', 4), value: value('r0') }];
    expect(decide({ actual }).roll?.generation).toBe(6);
  });

  test.each([6, 9])('goes to a generation that no failed task has had either (%i)', (generation) => {
    const failures = [bad, { ...bad, generation }];
    expect(decide({ actual: [], serviceState: { failures } }).roll?.generation).toBe(generation + 1);
  });

  test('is left to the operator if the policy says so', () => {
    const policy = { maxParallel: 5, maxParallelLimit: 5, stuckAfterMs: 600_000, onFailure: 'pause' } as const;
    const decision = decide({ serviceState: { policy } });
    expect(typesOf(decision)).toEqual(['rollout.failed']);
    expect(decision).toMatchObject({ roll: null, entry: { rollout: { state: 'failed' }, quarantines: [] } });
  });

  test('stays unchanged if the last good value is not available, and says so', () => {
    const decision = decide({ serviceState: { lastGood: () => 'unavailable' } });
    expect(decision.entry).toMatchObject({
      rollout: { state: 'failed', failure: "exit code 1 after 2 s; its last good values can't be had any more" },
      quarantines: [],
    });
    expect(decision.roll).toBeNull();
  });

  test('waits while that is being found out', () => {
    const decision = decide({ serviceState: { lastGood: () => 'unknown' } });
    expect(decision).toMatchObject({ roll: null, events: [], waitingReason: { code: 'ROLLBACK_VALUE_UNKNOWN' } });
    expect(decision.heldAgainst).toEqual({ s1: value('r2') });
  });

  test('is rolled back if the newer value made tasks of another service fail', () => {
    const failedIn = (_key: string, { revision }: SecretVersion) =>
      revision === value('r3').revision ? 'api' : undefined;
    const decision = decide({ desired: value('r3'), serviceState: { failedIn } });
    expect(typesOf(decision)).toEqual(['rollout.failed', 'quarantine.started', 'rollback.started']);
    expect(decision.entry.rollout?.target).toEqual({ s1: value('r1') });
  });

  test('waits for a place if it was stuck and there is a newer value, but not to give the last good one', () => {
    const serviceState = { hasCapacity: () => false };
    const stuck: Told = { serviceState, entry: { rollout: { ...rollout, state: 'stuck' } } };
    expect(decide({ ...stuck, desired: value('r3') })).toMatchObject({
      roll: null,
      events: [],
      waitingReason: { code: 'PARALLEL_LIMIT' },
    });
    expect(decide({ serviceState, desired: value('r3') }).roll?.generation).toBe(6);
    expect(decide(stuck).entry.rollout?.direction).toBe('rollback');
  });

  test('is followed by the newer value if there is one by now', () => {
    const decision = decide({ desired: value('r3') });
    expect(typesOf(decision)).toEqual(['rollout.failed', 'rollout.started']);
    expect(decision.entry).toMatchObject({
      rollout: { direction: 'forward', generation: 6, target: { s1: value('r3') }, lastGood: { s1: value('r1') } },
      quarantines: [],
    });
  });

  test('is rolled to the newer value even if no running task would need it, since Swarm would go on with it', () => {
    const decision = decide({ desired: value('r1') });
    expect(decision.roll?.generation).toBe(6);
    expect(decision.entry.rollout?.target).toEqual({ s1: value('r1') });
  });
});

describe('a rollout of the last good value', () => {
  const back: OpenRollout = { ...rollout, direction: 'rollback', target: { s1: value('r1') }, lastGood: {} };
  const entry = { rollout: back, quarantines: aside };

  test('is closed if its user made another update that is paused, and every task has what is wanted', () => {
    const toEarlier = { rollout: { ...back, generation: 3 }, highestUsedGeneration: 5 };
    const actual = [{ task: task('t', 6), value: value('r1') }];
    const reported = { entry: toEarlier, desired: value('r1'), actual, service: { generation: 6 } };
    const decision = decide({ ...reported, serviceState: { seenApplied: false, failures: [] } });
    expect(decision).toMatchObject({ roll: null, events: [], entry: { rollout: null } });
  });

  test.each([
    ['the last good value, and not the one that failed', value('r3'), { s1: value('r1') }],
    ['none, if it is the last good value again', value('r1'), {}],
  ] as const)(
    'is followed by a newer value, to which it gives as the value to roll back to %s',
    (_, desired, lastGood) => {
      const decision = decide({
        state: 'rollback-paused',
        entry: { rollout: back },
        desired,
        actual: [{ task: task('bad', 5), value: value('r2') }],
        serviceState: { failures: [], openForMs: 60_000 },
      });
      expect(decision.entry.rollout).toMatchObject({ direction: 'forward', target: { s1: desired }, lastGood });
    },
  );

  test('is followed by a newer value, with the last good one to roll back to, even if it failed', () => {
    const decision = decide({
      state: 'rolled-back',
      entry: { rollout: { ...back, state: 'failed' } },
      desired: value('r3'),
      actual: [{ task: task('bad', 4), value: value('r2') }],
      service: { generation: 4 },
      serviceState: { failures: [] },
    });
    expect(decision.entry.rollout).toMatchObject({ target: { s1: value('r3') }, lastGood: { s1: value('r1') } });
  });

  test('is not quarantined when it fails as well, and nothing is tried any more', () => {
    const actual = [{ task: task('t', 5), value: value('r2') }];
    const decision = decide({ entry, desired: value('r1'), actual });
    expect(decision.entry).toMatchObject({ rollout: { state: 'failed' }, quarantines: aside });
    expect(decision.roll).toBeNull();
    const again = decide({ entry: decision.entry, desired: value('r1'), actual });
    expect(again).toMatchObject({ roll: null, events: [], entry: decision.entry });
  });

  test('is closed when its tasks run after all, and the provider has the last good value again', () => {
    const actual = [{ task: task('t', 5), value: value('r1') }];
    const failedEntry = { ...entry, rollout: { ...back, state: 'failed' } } as const;
    const again = { entry: { ...failedEntry, quarantines: [] }, desired: value('r1'), actual } as const;
    expect(decide(again)).toMatchObject({ roll: null, blocked: false, entry: { rollout: null } });
    expect(decide({ ...again, serviceState: { stableForMs: 5_000 } }).entry).toEqual({
      ...NOTHING_OPEN,
      ...again.entry,
    });
    expect(decide({ ...again, entry: failedEntry })).toMatchObject({ blocked: true, entry: failedEntry });
  });

  test('is followed by the quarantined value for it, once the service is rolled for another reason', () => {
    const actual = [{ task: task('t', 6), value: value('r1') }];
    const failedEntry = { ...entry, rollout: { ...back, state: 'failed' }, requested: ['s1'] } as const;
    const decision = decide({ entry: failedEntry, desired: value('r1'), actual, state: 'completed' });
    expect(typesOf(decision)).toEqual(['quarantine.ended', 'rollout.started']);
    expect(decision.entry).toMatchObject({ quarantines: [], rollout: { target: { s1: value('r2') } } });
    expect(decision.entry.rollout?.lastGood).toEqual({ s1: value('r1') });
  });

  test('quarantines no empty set if another rollout delivered the value and failed', () => {
    const forward = { ...back, direction: 'forward' } as const;
    const decision = decide({ entry: { ...entry, rollout: forward }, desired: value('r1') });
    expect(decision).toMatchObject({ roll: null, entry: { rollout: { state: 'failed' }, quarantines: aside } });
  });

  test('is reported as a rollback when it is done, and not counted as a rotation', () => {
    const actual = [{ task: task('t', 5), value: value('r1') }];
    expect(typesOf(decide({ entry, desired: value('r1'), state: 'completed', actual }))).toEqual([
      'rollback.completed',
    ]);
  });

  test('is made even if no running task has the bad value, because Swarm must resume', () => {
    const service = { generation: 4 };
    const serviceState = { seenApplied: false, failures: null };
    expect(decide({ entry, desired: value('r1'), service, serviceState }).roll?.generation).toBe(5);
  });
});

test('a value whose quarantine has ended is no value to roll back to, although a task was given it', () => {
  const actual = [
    { task: task('failing', 4), value: value('r2') },
    { task: task('also-failing', 4), value: value('r2') },
    { task: task('good', 4), value: value('r1') },
  ];
  const entry = { rollout: null, failedBefore: { s1: value('r2') } };
  const started = decide({ state: 'completed', entry, desired: value('r3'), actual }).entry.rollout;
  expect(started?.lastGood).toEqual({ s1: value('r1') });
});

test('a rollout waits until the only value to roll back to, which failed before, is known to be good', () => {
  const actual = [{ task: task('new', 5), value: value('r2') }];
  const entry = { rollout: null, failedBefore: { s1: value('r2') } };
  const young: Told = { state: 'completed', entry, desired: value('r3'), actual, serviceState: { stableForMs: 5_000 } };
  expect(decide(young)).toMatchObject({ roll: null, waitingReason: { code: 'VALUE_UNPROVEN' } });
  expect(decide({ ...young, service: { desiredTasks: 2 } }).roll).not.toBeNull();
  const proven = decide({ ...young, serviceState: { stableForMs: 30_000 } });
  expect(proven.entry.rollout?.lastGood).toEqual({ s1: value('r2') });
  const released = { ...young, entry: { ...entry, quarantines: aside, failedBefore: { s2: value('r2') } } };
  const s2 = { binding: bindingOf('s2'), desired: value('r3'), seenAtMs: 0, actual };
  const s1 = { binding: bindingOf('s1'), desired: value('r1'), seenAtMs: 0, actual };
  const both = { ...released, serviceState: { stableForMs: 5_000, bindings: [s1, s2] } };
  expect(decide(both).entry.rollout?.target).toEqual({ s1: value('r1'), s2: value('r3') });
  const other = { ...young, actual: [...actual, { task: task('other', 5), value: value('r1') }] };
  expect(decide(other).entry.rollout?.lastGood).toEqual({ s1: value('r1') });
});

describe('a bad value after which all running tasks have the last good one, because the task lookup failed', () => {
  const actual = [{ task: task('new', 5), value: value('r1') }];
  const starting: WorkloadTask = { ...task('again', 5), state: 'starting' };
  const service = { tasks: [task('new', 5), starting], desiredTasks: 2 };

  test('is quarantined at once, and its rollback, which only ends the pause, waits for the task that starts', () => {
    const decision = decide({ actual, service });
    expect(typesOf(decision)).toEqual(['rollout.failed', 'quarantine.started', 'rollback.started']);
    expect(decision).toMatchObject({ roll: null, entry: { quarantines: [{ failed: { s1: value('r2') } }] } });
    const { rollout: intended, quarantines } = decision.entry;
    const next: Told = { actual, entry: { rollout: intended, quarantines }, desired: value('r1') };
    const unseen = { seenApplied: false };
    expect(decide({ ...next, service, serviceState: unseen })).toMatchObject({
      roll: null,
      waitingReason: { code: 'TASKS_DOWN' },
    });
    expect(decide({ ...next, serviceState: unseen }).roll?.generation).toBe(6);
  });

  test('is rolled back at once if a running task has it', () => {
    const both = [...actual, { task: task('bad', 5), value: value('r2') }];
    expect(decide({ actual: both, service: { ...service, desiredTasks: 3 } }).roll?.generation).toBe(6);
  });
});

test('a rollback is counted as failed if its tasks fail with the last good value too, also if Swarm completes its update', () => {
  const back: OpenRollout = { ...rollout, direction: 'rollback', target: { s1: value('r1') }, lastGood: {} };
  const failing = { state: 'completed', entry: { rollout: back }, desired: value('r1') } as const;
  const fails = (...failures: FailedTask[]) => decide({ ...failing, serviceState: { failures } });
  expect(fails(bad).entry.rollout?.state).not.toBe('failed');
  const decision = fails(bad, { ...bad, id: 'again' });
  expect(typesOf(decision)).toEqual(['rollout.failed']);
  expect(decision).toMatchObject({ roll: null, entry: { rollout: { state: 'failed' } } });
});

test('a rollback to an earlier generation is not counted as failed for what failed there before', () => {
  const target = { s1: value('r1') };
  const returning = { direction: 'rollback', generation: 4, startedAtMs: 5_000, target, lastGood: {} } as const;
  const back: OpenRollout = { ...rollout, ...returning };
  const before = (id: string): FailedTask => ({ ...bad, id, generation: 4, endedAtMs: 4_000 });
  const decision = decide({
    ...{ state: 'completed', entry: { rollout: back, highestUsedGeneration: 5 }, desired: value('r1') },
    service: { generation: 4 },
    serviceState: { failures: [before('a'), before('b')] },
  });
  expect(typesOf(decision)).toEqual(['rollback.completed']);
});

test('a rollback returns to the generation of tasks that only miss a value which is not rolled by itself', () => {
  const actual = [
    { task: task('old', 4), value: value('r1') },
    { task: task('bad', 5), value: value('r2') },
  ];
  const other: BindingState = {
    binding: { ...bindingOf('s2', 'other'), rotate: 'manual' },
    ...{ desired: value('x2'), seenAtMs: 0, actual: [{ task: task('old', 4), value: value('x1') }] },
  };
  const bindings = [{ binding: bindingOf('s1'), desired: value('r2'), seenAtMs: 0, actual }, other];
  const { roll, entry } = decide({ actual, serviceState: { bindings } });
  expect(roll?.generation).toBe(4);
  expect(entry.rollout?.direction).toBe('rollback');
});
