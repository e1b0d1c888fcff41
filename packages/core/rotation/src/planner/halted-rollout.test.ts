import { describe, expect, test } from 'vitest';
import { aside, bad, bindingOf, decide, rollout, type Told, task, typesOf, value } from '../testing/decided-service.ts';

test('a paused rollout that waits keeps its first failure, so that the ledger is not written for each further one', () => {
  const delivered = { ...bad, started: false };
  const first = decide({ serviceState: { failures: [delivered], openForMs: 20_000, stableForMs: 0 } });
  expect(first.entry.rollout?.failure).not.toBe('');
  const serviceState = { failures: [delivered, { ...delivered, id: 'again' }], openForMs: 20_000, stableForMs: 0 };
  expect(decide({ entry: first.entry, serviceState }).entry.rollout).toEqual(first.entry.rollout);
});

test('a paused update of a global service is not resumed if the tasks that were not delivered to are not restarted', () => {
  const undelivered = { ...bad, started: false, undelivered: true };
  const paused = (desiredTasks: number | null): Told => ({
    service: { desiredTasks },
    serviceState: { openForMs: 30_000, failures: [undelivered] },
  });
  expect(decide(paused(1)).roll?.generation).toBe(5);
  expect(decide(paused(null))).toMatchObject({ roll: null, waitingReason: { code: 'UPDATE_PAUSED_TASKS_DOWN' } });
});

describe('a rollout that was rolled back', () => {
  const undone: Told = { state: 'rolled-back', service: { generation: 4 } };

  test('is quarantined without a further rollout if every task has the last good value', () => {
    const decision = decide(undone);
    expect(typesOf(decision)).toEqual(['rollout.failed', 'quarantine.started']);
    expect(decision).toMatchObject({ roll: null, entry: { rollout: null, quarantines: aside } });
  });

  test('is rolled back if a task still has the bad value', () => {
    const actual = [{ task: task('t', 4), value: value('r2') }];
    expect(decide({ ...undone, actual }).entry.rollout).toMatchObject({ direction: 'rollback', generation: 6 });
  });

  test('is quarantined if none of its tasks failed: its user rolled it back, which says nothing about other services', () => {
    const decision = decide({ ...undone, serviceState: { failures: [] } });
    expect(decision.entry.quarantines).toEqual([{ ...aside[0], reason: 'its user rolled it back', isByUser: true }]);
    const unknown = decide({ ...undone, serviceState: { failures: [], lastGood: () => 'unknown' } });
    expect(unknown).toMatchObject({ waitingReason: { code: 'ROLLBACK_VALUE_UNKNOWN' }, heldAgainst: {} });
  });

  test('is quarantined, and its last good value is rolled, if its user rolled it back and that was paused', () => {
    const decision = decide({ ...undone, state: 'rollback-paused', serviceState: { failures: [] } });
    expect(decision.entry.quarantines).toMatchObject([{ reason: 'its user rolled it back', isByUser: true }]);
    expect(decision.entry.rollout).toMatchObject({ direction: 'rollback', target: { s1: value('r1') } });
  });

  test('ends for a newer value if tasks with the last good one fail too: then they start with the newer one', () => {
    const failures = [{ ...bad, generation: 4, endedAtMs: 1_000 }];
    const service = { ...undone.service, desiredTasks: 2 };
    const halted: Told = {
      ...undone,
      state: 'rollback-paused',
      service,
      serviceState: { failures, openForMs: 10_000, continuouslyObserved: false },
    };
    expect(decide(halted)).toMatchObject({ roll: null, entry: { rollout: {} }, waitingReason: { code: 'TASKS_DOWN' } });
    const newer = decide({ ...halted, desired: value('r3'), serviceState: { ...halted.serviceState, openForMs: 0 } });
    expect(typesOf(newer)).toEqual(['rollout.failed']);
    expect(newer).toMatchObject({ roll: null, entry: { rollout: null, quarantines: [] } });
    const lost = { ...halted.serviceState, failures: [{ ...bad, generation: 4, endedAtMs: 1_000, nodeReady: false }] };
    expect(decide({ ...halted, desired: value('r3'), serviceState: lost })).toMatchObject({
      entry: { rollout: {} },
      waitingReason: { code: 'TASKS_DOWN' },
    });
  });

  test('is tried again if its tasks could not start', () => {
    const failures = [{ ...bad, started: false }];
    const decision = decide({ ...undone, serviceState: { failures, openForMs: 10_000 } });
    expect(decision.entry).toMatchObject({
      quarantines: [],
      rollout: { direction: 'forward', generation: 6, attempt: 2 },
    });
  });

  test('is taken for one that was never made if nothing tells of it', () => {
    const decision = decide({
      ...undone,
      serviceState: { failures: [], seenApplied: false, continuouslyObserved: false },
    });
    expect(decision.roll?.generation).toBe(5);
  });

  test("is complete if it was a later update of the user's that was rolled back", () => {
    const actual = [{ task: task('t', 5), value: value('r2') }];
    const decision = decide({ state: 'rolled-back', actual, serviceState: { failures: null } });
    expect(typesOf(decision)).toEqual(['rollout.completed']);
  });
});

test('a rollout of a service that is scaled to 0 since, by an update that was rolled back, is closed and not completed', () => {
  const decision = decide({
    state: 'rolled-back',
    service: { generation: 5, desiredTasks: 0, tasks: [] },
    actual: [],
    serviceState: { failures: [] },
  });
  expect(decision).toMatchObject({ roll: null, events: [], entry: { rollout: null } });
});

describe('a rollout that was seen rolled back, which an update of the labels has hidden since', () => {
  const undone = (serviceState: Told['serviceState'], state: Told['state'] = 'none'): Told => ({
    state,
    service: { generation: 4 },
    serviceState: { seenRolledBack: true, openForMs: 60_000, ...serviceState },
  });

  test.each(['none', 'completed'] as const)('is quarantined, as its user rolled it back (%s)', (state) => {
    const decision = decide(undone({ failures: [] }, state));
    expect(decision).toMatchObject({ roll: null, entry: { rollout: null, quarantines: [{ isByUser: true }] } });
  });

  test('is quarantined if its tasks failed with its values', () => {
    const decision = decide(undone({ failures: [bad] }));
    expect(decision).toMatchObject({ roll: null, entry: { rollout: null, quarantines: aside } });
  });

  test('is quarantined if it had failed before', () => {
    const decision = decide({ ...undone({ failures: null }), entry: { rollout: { ...rollout, state: 'failed' } } });
    expect(decision).toMatchObject({
      roll: null,
      entry: { rollout: null, quarantines: [{ failed: aside[0]?.failed }] },
    });
  });

  test('is started again if the update changed what its tasks are made from', () => {
    const decision = decide({ ...undone({ failures: [] }), service: { generation: 4, fingerprint: 'spec 2' } });
    expect(decision.roll?.generation).toBe(6);
  });
});

describe('a rollout that somebody has rolled back and hidden by a later update', () => {
  const service = { generation: 4 };
  const serviceState = { failures: [], continuouslyObserved: false, openForMs: 10_000 };

  test('is started again under a number that was not used, if Swarm paused that update', () => {
    const decision = decide({ service, serviceState });
    expect(decision).toMatchObject({ roll: { generation: 6 }, entry: { rollout: { generation: 6, attempt: 2 } } });
  });

  test.each(['none', 'completed'] as const)('is started again if Swarm tells nothing of it (%s)', (state) => {
    expect(decide({ service, serviceState, state }).roll?.generation).toBe(6);
  });

  test('is closed if its value is needed no more', () => {
    expect(decide({ service, serviceState, state: 'none', desired: value('r1') }).entry.rollout).toBeNull();
  });

  test('waits a while before', () => {
    expect(decide({ service, serviceState: { ...serviceState, openForMs: 0 }, state: 'none' }).roll).toBeNull();
  });
});

test('a rollout ends whose tasks fail since its user changed the service, once any secret of it has a newer value', () => {
  const target = { ...rollout.target, s2: value('x1') };
  const other = { binding: bindingOf('s2'), desired: value('x2'), seenAtMs: 0, actual: [] };
  const own = { binding: bindingOf('s1'), desired: value('r2'), seenAtMs: 0, actual: [] };
  const entry = { rollout: { ...rollout, target, lastGood: { ...rollout.lastGood, s2: value('x1') } } };
  const reported = { entry, service: { fingerprint: 'spec 2' } };
  const failures = [{ ...bad, fingerprint: 'spec 2' }];
  expect(decide({ ...reported, serviceState: { failures, bindings: [own, other] } }).entry.rollout).toBeNull();
  const same = { ...other, desired: value('x1') };
  expect(decide({ ...reported, serviceState: { failures, bindings: [own, same] } }).blocked).toBe(true);
});
