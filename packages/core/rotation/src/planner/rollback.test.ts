import { describe, expect, test } from 'vitest';
import type { BindingState } from '../bindings/binding-state.ts';
import { NOTHING_OPEN, type OpenRollout } from '../ledger/ledger.ts';
import { type SecretVersion, tagRevision } from '../ledger/secret-version.ts';
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

describe('a failed task does not speak against the value', () => {
  test.each<[string, Partial<FailedTask>]>([
    ['its secrets were not delivered', { started: false, undelivered: true }],
    ['its node was not up', { nodeReady: false }],
  ])('if %s: the rollout is resumed after a while', (_, change) => {
    const failures = [{ ...bad, ...change }];
    expect(decide({ serviceState: { failures } })).toMatchObject({ roll: null, events: [] });
    const later = decide({ serviceState: { failures, openForMs: 10_000 } });
    expect(later.entry).toMatchObject({ quarantines: [], rollout: { attempt: 2, generation: 5 } });
    expect(later.roll?.generation).toBe(5);
  });

  test.each<[string, Partial<FailedTask>]>([
    ['it could not start', { started: false }],
    ['it was made from something else', { fingerprint: 'spec 2' }],
    ['it is of an earlier generation', { generation: 4 }],
  ])('if %s: the rollout is resumed once a task of it runs', (_, change) => {
    const serviceState = { failures: [{ ...bad, ...change }], openForMs: 60_000 };
    expect(decide({ serviceState })).toMatchObject({ roll: null, blocked: true });
    const actual = [
      { task: task('old', 4), value: value('r1') },
      { task: task('new', 5), value: value('r2') },
    ];
    expect(decide({ serviceState, actual }).roll?.generation).toBe(5);
  });

  test('if it was given another one', () => {
    expect(decide({ serviceState: { given: () => [value('r1')] } }).entry.quarantines).toEqual([]);
    expect(decide({ serviceState: { given: () => [value('r2')] } }).entry.quarantines).toEqual(aside);
  });

  test('if it was given something by another manager, though this one started the rollout', () => {
    expect(decide({ serviceState: { startedByThisProcess: true } }).entry.quarantines).toEqual([]);
  });

  test("if the user changed the service since: the user's paused update is waited for", () => {
    const service = { fingerprint: 'spec 2' };
    const theirs = [bad, { ...bad, fingerprint: 'spec 2' }];
    expect(decide({ service, serviceState: { failures: theirs } })).toMatchObject({ blocked: true, events: [] });
    const delivery = [{ ...bad, fingerprint: 'spec 2', started: false, undelivered: true }];
    expect(decide({ service, serviceState: { failures: delivery, openForMs: 10_000 } }).roll?.generation).toBe(5);
  });
});

describe('if another secret of the service has a newer value than the rollout gives', () => {
  const two = {
    ...rollout,
    target: { ...rollout.target, s2: value('r8') },
    lastGood: { ...rollout.lastGood, s2: value('r8') },
  };
  const running = task('old', 4);
  const bindings: BindingState[] = [
    { binding: bindingOf('s1'), desired: value('r2'), seenAtMs: 0, actual: [{ task: running, value: value('r1') }] },
    { binding: bindingOf('s2'), desired: value('r9'), seenAtMs: 0, actual: [{ task: running, value: value('r8') }] },
  ];

  test('and nobody knows what the failed tasks were given: all newest values are tried', () => {
    const decision = decide({ entry: { rollout: two }, serviceState: { bindings } });
    expect(typesOf(decision)).toEqual(['rollout.failed', 'rollout.started']);
    expect(decision.entry).toMatchObject({
      quarantines: [],
      rollout: { target: { s1: value('r2'), s2: value('r9') } },
    });
  });

  describe('or may have one that is not known yet', () => {
    const [changed, other] = bindings as [BindingState, BindingState];
    const unread = [changed, { ...other, desired: undefined }];

    test('and nobody knows what the failed tasks were given: nothing is quarantined before', () => {
      const decision = decide({ entry: { rollout: two }, serviceState: { bindings: unread } });
      expect(decision).toMatchObject({ events: [], roll: null, entry: { rollout: two, quarantines: [] } });
      expect(decision).toMatchObject({
        waitingReason: { code: 'NEWEST_VALUE_UNKNOWN' },
        heldAgainst: { s1: value('r2') },
      });
    });

    test('and the failed tasks are known to have the values that it gives: its values are quarantined', () => {
      const given = (_: string, key: string) => [key === 's1' ? value('r2') : value('r8')];
      const decision = decide({ entry: { rollout: two }, serviceState: { bindings: unread, given } });
      expect(decision.entry.quarantines).toEqual(aside);
    });

    test('and no task of the rollout started: its failure is reported once the next attempt starts', () => {
      const failures = [{ ...bad, started: false }];
      const told = { state: 'rolled-back', service: { generation: 4 }, entry: { rollout: two } } as const;
      const waiting = decide({ ...told, serviceState: { bindings: unread, failures, openForMs: 60_000 } });
      expect(waiting).toMatchObject({ events: [], waitingReason: { code: 'NEWEST_VALUE_UNKNOWN' } });
      const starting = decide({ ...told, serviceState: { bindings, failures, openForMs: 60_000 } });
      expect(typesOf(starting)).toEqual(['rollout.failed', 'rollout.started']);
    });

    test('its failure is reported once: the rollback waits, also if its own value is newer by now', () => {
      const newer = [{ ...changed, desired: value('r1') }, ...unread.slice(1)];
      for (const quarantines of [aside, []]) {
        const waiting = decide({ entry: { rollout: two, quarantines }, serviceState: { bindings: newer } });
        expect(waiting).toMatchObject({ events: [], roll: null, waitingReason: { code: 'NEWEST_VALUE_UNKNOWN' } });
      }
      const starting = decide({
        entry: { rollout: two, quarantines: aside },
        serviceState: { bindings: [{ ...changed, desired: value('r1') }, other] },
      });
      expect(typesOf(starting)).toEqual(['rollout.started']);
    });
  });

  test('and its user rolled it back: its values do not come again with the newer value', () => {
    const service = { generation: 4 };
    const decision = decide({
      state: 'rolled-back',
      service,
      entry: { rollout: two },
      serviceState: { bindings, failures: [] },
    });
    expect(decision.entry).toMatchObject({
      quarantines: [{ failed: { s1: value('r2') }, isByUser: true }],
      rollout: { target: { s1: value('r1'), s2: value('r9') } },
    });
  });

  test('and the failed tasks are known to have the value that it gives: its values are quarantined', () => {
    const given = (_: string, key: string) => [key === 's1' ? value('r2') : value('r8')];
    const decision = decide({ entry: { rollout: two }, serviceState: { bindings, given } });
    expect(decision.entry.quarantines).toEqual(aside);
  });
});

test('a failed task speaks against the values even if a further secret was given another ref since', () => {
  const two = {
    ...rollout,
    target: { ...rollout.target, s2: value('r8') },
    lastGood: { ...rollout.lastGood, s2: value('r7') },
  };
  const desired = { revision: tagRevision('new ref', 'r1'), digest: 'n1' };
  const running = task('old', 4);
  const bindings: BindingState[] = [
    { binding: bindingOf('s1'), desired: value('r2'), seenAtMs: 0, actual: [{ task: running, value: value('r1') }] },
    { binding: bindingOf('s2', 'new ref'), desired, seenAtMs: 0, actual: [{ task: running, value: value('r7') }] },
  ];
  const given = (_: string, key: string) => [key === 's1' ? value('r2') : desired];
  const decision = decide({ entry: { rollout: two }, serviceState: { bindings, given } });
  expect(typesOf(decision)).toEqual(['rollout.failed', 'rollout.started']);
  expect(decision.roll?.generation).toBe(6);
});

test('a rollout whose failed tasks start with the value of another ref by now is closed, and restarts nothing', () => {
  const desired = { revision: tagRevision('new ref', 'r1'), digest: 'n1' };
  const running = [{ task: task('t', 5), value: desired }];
  const known = { binding: bindingOf('s1', 'new ref'), desired, seenAtMs: 0, actual: running };
  const starting: WorkloadTask = { ...task('again', 5), state: 'starting' };
  const decision = decide({
    state: 'completed',
    service: { desiredTasks: 2, tasks: [task('t', 5), starting] },
    serviceState: { bindings: [known], failures: [bad, bad] },
  });
  expect(typesOf(decision)).toEqual(['rollout.failed']);
  expect(decision).toMatchObject({ roll: null, entry: { rollout: null } });
});

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
    const failures = [{ ...bad, generation: 4 }];
    const service = { ...undone.service, desiredTasks: 2 };
    const halted: Told = {
      ...undone,
      state: 'rollback-paused',
      service,
      serviceState: { failures, openForMs: 10_000, continuouslyObserved: false },
    };
    expect(decide(halted)).toMatchObject({ roll: null, entry: { rollout: {} }, waitingReason: { code: 'TASKS_DOWN' } });
    const newer = decide({ ...halted, desired: value('r3') });
    expect(typesOf(newer)).toEqual(['rollout.failed']);
    expect(newer).toMatchObject({ roll: null, entry: { rollout: null, quarantines: [] } });
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

test('a rollback by Swarm is not taken for one by the user if later failures may have hidden those of the rollout', () => {
  const later = (id: string): FailedTask => ({ ...bad, id, generation: 4, started: false });
  const after = (...failures: FailedTask[]) =>
    typesOf(decide({ state: 'rolled-back', service: { generation: 4 }, serviceState: { failures } }));
  expect(after(later('a'), later('b'))).toContain('quarantine.started');
  expect(after(later('a'), later('b'), later('c'))).not.toContain('quarantine.started');
});
