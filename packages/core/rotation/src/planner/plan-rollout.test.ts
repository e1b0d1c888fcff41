import { describe, expect, test } from 'vitest';
import type { OpenRollout } from '../ledger/ledger.ts';
import type { WorkloadTask } from '../ports/orchestrator.ts';
import { bad, bindingOf, decide, rollout, type Told, task, typesOf, value } from '../testing/decided-service.ts';

describe('a rollout that has reached all tasks but one on a node that takes no new ones', () => {
  const kept = { task: { ...task('kept', 4), isKept: true }, value: value('r1') };
  const actual = [{ task: task('new', 5), value: value('r2') }, kept];
  const late = { openForMs: 700_000, failures: null };

  test.each(['none', 'completed'] as const)('waits for the node, is not stuck, and is not complete (%s)', (state) => {
    const decision = decide({ state, actual, serviceState: late });
    expect(typesOf(decision)).toEqual([]);
    expect(decision).toMatchObject({ roll: null, blocked: true, entry: { rollout: { state: 'open' } } });
    expect(decision.waitingReason?.code).toBe('NODE_PAUSED');
  });

  test('gives the other tasks a newer value meanwhile', () => {
    const decision = decide({ state: 'completed', actual, desired: value('r3'), serviceState: late });
    expect(typesOf(decision)).toEqual(['rollout.started']);
    expect(decision.roll?.generation).toBe(6);
  });
});

describe('a failed rollout', () => {
  const entry = { rollout: { ...rollout, state: 'failed' } } as const;

  test.each(['none', 'paused'] as const)(
    'is closed, and none follows, once the service is scaled to 0 (%s)',
    (state) => {
      const service = { desiredTasks: 0 };
      const decision = decide({ entry, service, state, actual: [], desired: value('r3') });
      expect(decision).toMatchObject({ roll: null, events: [], entry: { rollout: null } });
    },
  );

  test('is followed by a newer value once Swarm has taken up what its user posted since', () => {
    const newer = { entry, state: 'none', desired: value('r3') } as const;
    const soon = decide({ ...newer, serviceState: { unchangedForMs: 500 } });
    expect(soon).toMatchObject({ roll: null, waitingReason: { code: 'SERVICE_CHANGED' } });
    expect(decide(newer).entry.rollout).toMatchObject({ generation: 6, target: { s1: value('r3') } });
  });

  test('is closed once all tasks run and its secret is not rotated any more', () => {
    const binding = { ...bindingOf('s1'), rotate: 'off' } as const;
    const actual = [{ task: task('t', 5), value: value('r1') }];
    const bindings = [{ binding, desired: value('r2'), seenAtMs: 0, actual }];
    const off = { entry, state: 'completed', actual } as const;
    expect(decide({ ...off, serviceState: { bindings } }).entry.rollout).toBeNull();
    const starting = { bindings, stableForMs: 0 };
    expect(decide({ ...off, serviceState: starting })).toMatchObject({ blocked: true, entry });
  });

  test('stays unchanged if Swarm undid it and its last good values are lost', () => {
    const service = { generation: 4 };
    const decision = decide({ entry, service, state: 'rolled-back', serviceState: { lastGood: () => 'unavailable' } });
    expect(decision).toMatchObject({ roll: null, blocked: true, entry });
  });

  test('is closed if Swarm undid it and its user changes the service, whose tasks then get the newest values', () => {
    const service = { generation: 4, fingerprint: 'spec 2' };
    const decision = decide({ entry, service, state: 'rolling', serviceState: { lastGood: () => 'unavailable' } });
    expect(decision).toMatchObject({ roll: null, entry: { rollout: null, quarantines: [] } });
  });
});

test('a rollout that was stuck before its update was made is not followed by the next before it had its time', () => {
  const stuck = { rollout: { ...rollout, state: 'stuck' } } as const;
  const reported: Told = { entry: stuck, state: 'rolling', desired: value('r3'), serviceState: { openForMs: 4_000 } };
  expect(decide(reported).roll).toBeNull();
  expect(decide({ ...reported, serviceState: { openForMs: 600_001 } }).roll?.generation).toBe(6);
});

test('a rollout that takes too long is not followed by a newer value while a task of it does not start and none failed', () => {
  const pending: WorkloadTask = { ...task('pending', 5), state: 'starting', reason: 'no suitable node' };
  const late: Told = {
    entry: { rollout: { ...rollout, state: 'stuck' } },
    state: 'rolling',
    desired: value('r3'),
    service: { tasks: [task('old', 4), pending], desiredTasks: 2 },
    serviceState: { openForMs: 600_001, failures: [] },
  };
  expect(decide(late)).toMatchObject({ roll: null, waitingReason: { code: 'TASKS_DOWN' } });
  expect(decide({ ...late, serviceState: { ...late.serviceState, failures: [bad] } }).roll?.generation).toBe(6);
  expect(decide({ ...late, service: {} }).roll?.generation).toBe(6);
});

test('a rollout that failed while its user updated the service is not followed by the next before Swarm has taken that up', () => {
  const posted: Told = {
    state: 'none',
    desired: value('r3'),
    service: { generation: 6 },
    serviceState: { unchangedForMs: 100, failures: [bad, { ...bad, id: 'also-failed' }], given: () => [value('r2')] },
  };
  expect(decide(posted).roll).toBeNull();
  const takenUp = { ...posted.serviceState, unchangedForMs: 5_000 };
  expect(decide({ ...posted, serviceState: takenUp }).roll?.generation).toBe(7);
});

test('a stuck rollout is not followed by the next before Swarm has taken up an update of its user', () => {
  const stuck: Told = { state: 'none', desired: value('r3'), entry: { rollout: { ...rollout, state: 'stuck' } } };
  const decideAfter = (unchangedForMs: number) =>
    decide({ ...stuck, serviceState: { unchangedForMs, openForMs: 700_000, failures: [] } });
  expect(decideAfter(100).roll).toBeNull();
  expect(decideAfter(5_000).roll?.generation).toBe(6);
});

test('a rollout whose secret has labels that can not be read stays as it is until they can, and is closed if it is gone', () => {
  const unread = decide({ serviceState: { bindings: [], unread: ['s1', 'web/s1'] } });
  expect(unread).toMatchObject({ roll: null, events: [], blocked: true, entry: { rollout } });
  expect(decide({ serviceState: { bindings: [] } }).entry.rollout).toBeNull();
});

describe('a manual request', () => {
  const byOperator = { ...rollout, triggers: { s1: { by: 'operator', atMs: 0 } } } as const;
  /** The requests after the rollout, or `null` if it is not completed. */
  const leftBy = (open: OpenRollout, desired: string, requested: readonly string[]) => {
    const holding = open.target.s1 ?? value('r2');
    const actual = [{ task: task('new', 5), value: holding }];
    const serviceState = { failures: [] };
    const { entry } = decide({
      state: 'completed',
      actual,
      desired: value(desired),
      entry: { rollout: open, requested },
      serviceState,
    });
    return entry.rollout === null ? entry.requested : null;
  };

  test('from before a rollout is fulfilled by it, and so is one from meanwhile if there is no newer value', () => {
    const started = decide({ state: 'completed', entry: { rollout: null, requested: ['s1', 's1'] } });
    expect(started.entry).toMatchObject({ rollout: { triggers: { s1: { by: 'operator' } } }, requested: ['s1'] });
    expect(leftBy(byOperator, 'r2', ['s1', 's1', 'other'])).toEqual(['other']);
    expect(leftBy(byOperator, 'r3', ['s1', 'other'])).toEqual(['other']);
  });

  test('that is made while a rollout is open is about the newer value, whatever started the rollout', () => {
    expect(leftBy(byOperator, 'r3', ['s1', 's1'])).toEqual(['s1']);
    expect(leftBy(rollout, 'r3', ['s1'])).toEqual(['s1']);
    const rollback: OpenRollout = { ...rollout, direction: 'rollback', target: { s1: value('r1') }, lastGood: {} };
    expect(leftBy(rollback, 'r3', ['s1'])).toEqual(['s1']);
  });

  test('is about a value that is not known yet, but does not repeat a rollout that failed', () => {
    const actual = [{ task: task('new', 5), value: value('r2') }];
    const entry = { rollout, requested: ['s1'] };
    const completed = decide({ state: 'completed', actual, desired: null, entry, serviceState: { failures: [] } });
    expect(completed.entry).toMatchObject({ rollout: null, requested: ['s1'] });
    const policy = { maxParallel: 5, maxParallelLimit: 5, stuckAfterMs: 600_000, onFailure: 'pause' } as const;
    const failed = decide({ desired: null, entry, serviceState: { policy } });
    expect(failed.entry).toMatchObject({ rollout: { state: 'failed' }, requested: [] });
  });
});

test('a request is not met by a rollout of nothing while no value is known', () => {
  const entry = { rollout: { ...rollout, state: 'failed' }, requested: ['s1'] } as const;
  expect(decide({ entry, desired: null, state: 'none' })).toMatchObject({
    roll: null,
    waitingReason: { code: 'NEWEST_VALUE_UNKNOWN' },
  });
});

test.each(['none', 'completed'] as const)(
  'a rollout that has reached all tasks is not stuck, however late that is seen (%s)',
  (state) => {
    const actual = [{ task: task('new', 5), value: value('r2') }];
    const late = { openForMs: 700_000, unchangedForMs: 500, stableForMs: 0 };
    const seen = decide({ state, actual, desired: value('r3'), serviceState: { ...late, failures: [bad] } });
    expect(seen).toMatchObject({ roll: null, events: [], entry: { rollout: { state: 'open' } } });
    const down = { task: { ...task('new', 5), state: 'starting' }, value: value('r2') } as const;
    const missed = decide({ state, actual: [down], serviceState: { ...late, failures: [] } });
    expect(missed.events).toMatchObject([{ type: 'rollout.failed', reason: 'stuck' }]);
  },
);

test('a rollout is not said to wait for tasks to start while all of them run', () => {
  const rollout = { state: 'none', message: '', startedAtMs: null, resumable: false } as const;
  const serviceState = { openForMs: 700_000, unchangedForMs: 500, failures: [] };
  expect(decide({ service: { rollout }, serviceState }).events).toMatchObject([
    { reason: 'stuck', message: 'its tasks are not replaced' },
  ]);
});

test('an update that can not be made for too long is counted as stuck once, and tried on', () => {
  const never: Told = { state: 'none', service: { generation: 4 } };
  const serviceState = { failures: null, seenApplied: false, continuouslyObserved: false, openForMs: 600_001 };
  const decision = decide({ ...never, serviceState });
  expect(decision.events).toMatchObject([{ type: 'rollout.failed', reason: 'stuck' }]);
  expect(decision.roll?.generation).toBe(5);
  const later = decide({ ...never, serviceState, entry: decision.entry });
  expect([later.events, later.roll?.generation]).toEqual([[], 5]);
});

describe('a failed rollout whose tasks have started with a newer value since', () => {
  const failed = { entry: { rollout: { ...rollout, state: 'failed' } } } as const;
  const actual = [{ task: task('again', 5), value: value('r3') }];
  const newer = { ...failed, actual, desired: value('r3') };

  test.each(['paused', 'completed'] as const)('is closed without a restart once they run for a while (%s)', (state) => {
    expect(decide({ ...newer, state })).toMatchObject({ roll: null, waitingReason: null, entry: { rollout: null } });
    const soon = decide({ ...newer, state, serviceState: { stableForMs: 5_000 } });
    expect(soon).toMatchObject({ roll: null, entry: failed.entry });
  });

  test('is closed if they run with the value that failed since its user changed the service', () => {
    const reported = {
      ...failed,
      actual: [{ task: task('again', 5), value: value('r2') }],
      service: { fingerprint: 'spec 2' },
    };
    expect(decide(reported)).toMatchObject({ roll: null, entry: { rollout: null } });
  });

  test('is closed without a restart when it gets a newer value and its secret is not rotated by itself', () => {
    const binding = { ...bindingOf('s1'), rotate: 'manual' } as const;
    const actual = [{ task: task('again', 5), value: value('r2') }];
    const manual = { bindings: [{ binding, desired: value('r3'), seenAtMs: 0, actual }] };
    expect(decide({ ...failed, serviceState: manual })).toMatchObject({ roll: null, entry: { rollout: null } });
    const requested = { ...failed.entry, requested: ['s1'] };
    expect(decide({ entry: requested, serviceState: manual }).roll?.generation).toBe(6);
  });

  test('is not restarted for a request either, unless its own update is paused', () => {
    const actual = [{ task: task('again', 5), value: value('r2') }];
    const requested = { entry: { ...failed.entry, requested: ['s1'] }, actual };
    expect(decide({ ...requested, state: 'completed' })).toMatchObject({ roll: null });
    const soon = decide({ ...requested, state: 'none', serviceState: { stableForMs: 5_000 } });
    expect(soon).toMatchObject({ roll: null, blocked: false, entry: requested.entry });
    expect(decide(requested).roll?.generation).toBe(6);
  });

  test('is closed in the same way if it was not known yet that it failed', () => {
    const decision = decide({ ...newer, entry: { rollout } });
    expect(decision).toMatchObject({ roll: null, entry: { rollout: null, quarantines: [] } });
    expect(typesOf(decision)).toEqual(['rollout.failed']);
    expect(decide({ ...newer, entry: { rollout }, serviceState: { stableForMs: 5_000 } })).toMatchObject({
      ...{ roll: null, events: [] },
      entry: { rollout },
    });
  });

  test('stays as it is while they have the value that failed', () => {
    const reported = { ...failed, actual: [{ task: task('again', 5), value: value('r2') }] };
    expect(decide(reported)).toMatchObject({ roll: null, blocked: true, entry: failed.entry });
  });
});

describe('a value that made tasks of another service fail', () => {
  const serviceState = { failedIn: () => 'api' };
  const waitingReason = {
    code: 'VALUE_FAILED_ELSEWHERE',
    message: 'waits for a newer value of s1, or a manual rotation: this one made tasks of api fail',
  };

  test('is not brought by a new rollout, unless an operator asked for it', () => {
    const due = { state: 'completed', serviceState } as const;
    expect(decide({ ...due, entry: { rollout: null } })).toMatchObject({ roll: null, waitingReason, blocked: true });
    expect(decide({ ...due, entry: { rollout: null, requested: ['s1'] } }).roll?.generation).toBe(6);
  });

  test('is not brought by an update that was not made yet; its intent stays, since it may still be applied', () => {
    const unapplied = { service: { generation: 4 }, state: 'completed' } as const;
    const decision = decide({ ...unapplied, serviceState: { ...serviceState, seenApplied: false, failures: null } });
    expect(decision).toMatchObject({ roll: null, waitingReason, blocked: true, events: [], entry: { rollout } });
  });

  test('is still brought to the last task by a rollout that has started', () => {
    const failures = [{ ...bad, nodeReady: false }];
    const decision = decide({ state: 'rolled-back', serviceState: { ...serviceState, failures, openForMs: 60_000 } });
    expect(decision.entry.rollout).toMatchObject({ attempt: 2, target: { s1: value('r2') } });
  });
});

describe('an update that was not applied', () => {
  const unapplied: Told = { state: 'none', service: { generation: 4 } };
  const notSeen = { failures: [], seenApplied: false, continuouslyObserved: false };

  test('is made as it was intended', () => {
    expect(decide({ ...unapplied, serviceState: notSeen }).roll?.generation).toBe(5);
  });

  test('gets another number if tasks of an update that came first have it, although that was rolled back', () => {
    const overtaken = { state: 'rolled-back', service: { generation: 4 } } as const;
    const serviceState = { seenApplied: false, overtaken: true, failures: [bad] };
    expect(decide({ ...overtaken, serviceState }).roll?.generation).toBe(6);
    expect(decide({ ...overtaken, serviceState: { ...serviceState, failures: [] } }).roll?.generation).toBe(5);
  });

  test('waits until Swarm has taken up what a user posted in between', () => {
    const decision = decide({ ...unapplied, serviceState: { ...notSeen, unchangedForMs: 500 } });
    expect(decision).toMatchObject({ roll: null, waitingReason: { code: 'SERVICE_CHANGED' }, entry: { rollout } });
  });

  test("does not go on with a user's update that Swarm paused", () => {
    const service = { generation: 4, fingerprint: 'spec 2' };
    const decision = decide({ service, state: 'paused', serviceState: { ...notSeen, openForMs: 600_000 } });
    expect(decision).toMatchObject({ roll: null, blocked: true });
  });
});

test('a last good value that is lost stops a service only while the service uses its secret', () => {
  const lost = {
    serviceState: { lastGood: () => 'unavailable' as const },
    desired: value('r3'),
    state: 'completed',
  } as const;
  const withSet = (key: string) => {
    const values = { failed: { [key]: value('r2') }, lastGood: { [key]: value('r1') } };
    return { rollout: null, quarantines: [{ ...values, sinceMs: 0, reason: '', isByUser: false }] };
  };
  expect(decide({ ...lost, entry: withSet('s1') }).waitingReason?.code).toBe('ROLLBACK_VALUE_LOST');
  expect(decide({ ...lost, entry: withSet('removed') }).roll?.generation).toBe(6);
});

test('a rollout whose tasks hold something else, for which they are not restarted, is complete once all of them run', () => {
  const binding = { ...bindingOf('s2'), rotate: 'off' } as const;
  const target = { ...rollout.target, s2: value('x2') };
  const others = [{ binding, desired: value('x2'), seenAtMs: 0, actual: [{ task: task('t', 5), value: value('x1') }] }];
  const reported = { state: 'completed', entry: { rollout: { ...rollout, target } } } as const;
  const serviceState = { bindings: others, failures: [] };
  expect(typesOf(decide({ ...reported, serviceState }))).toEqual(['rollout.completed']);
  expect(typesOf(decide({ ...reported, serviceState, service: { desiredTasks: 2 } }))).toEqual([]);
});

test('a rollout that did not reach all tasks is started again only once all of them run, and not only for a moment', () => {
  const actual = [{ task: task('t', 5), value: value('r0') }];
  const reported = { state: 'completed', actual, serviceState: { failures: [], openForMs: 60_000 } } as const;
  expect(decide(reported).entry.rollout).toMatchObject({ generation: 6, attempt: 2 });
  expect(decide({ ...reported, service: { desiredTasks: 2 } })).toMatchObject({ roll: null, entry: { rollout } });
  const moment = { ...reported.serviceState, stableForMs: 9_000 };
  expect(decide({ ...reported, serviceState: moment })).toMatchObject({ roll: null, entry: { rollout } });
});

test('a rollout whose tasks failed is complete only once they run for a while, whatever they were given', () => {
  const actual = [{ task: task('t', 5), value: value('r2') }];
  const given = () => [value('r0')];
  const soon = decide({ state: 'completed', actual, serviceState: { given, stableForMs: 5_000 } });
  expect(soon).toMatchObject({ events: [], entry: { rollout } });
  expect(typesOf(decide({ state: 'completed', actual, serviceState: { given } }))).toEqual(['rollout.completed']);
});

test('a rollout that missed some tasks is not complete before it is known what is due', () => {
  const missed: Told = { state: 'completed', actual: [{ task: task('new', 5), value: value('r1') }] };
  const unknown = decide({ ...missed, desired: null, serviceState: { failures: [] } });
  expect(typesOf(unknown)).toEqual([]);
  expect(unknown).toMatchObject({ entry: { rollout }, waitingReason: { code: 'NEWEST_VALUE_UNKNOWN' } });
  const undeliverable = [{ secret: 's1', reason: 'there is none' }];
  const gone = decide({ ...missed, desired: null, serviceState: { failures: [], undeliverable } });
  expect(gone).toMatchObject({ entry: { rollout }, waitingReason: { code: 'SECRET_UNDELIVERABLE' } });
});

test('a rollout whose tasks fail after a change of the user ends for a newer value, which tasks that start again get', () => {
  const starting: WorkloadTask = { ...task('again', 5), state: 'starting' };
  const failing = { ...bad, fingerprint: 'spec 2' };
  const changed: Told = {
    state: 'completed',
    service: { fingerprint: 'spec 2', tasks: [starting], desiredTasks: 1 },
    actual: [],
    serviceState: { failures: [failing], stableForMs: 0 },
  };
  expect(decide(changed).entry.rollout?.state).toBe('open');
  const decision = decide({ ...changed, desired: value('r3') });
  expect(typesOf(decision)).toEqual(['rollout.failed']);
  expect(decision).toMatchObject({ roll: null, entry: { rollout: null, quarantines: [] } });
});
