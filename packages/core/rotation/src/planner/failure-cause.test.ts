import { describe, expect, test } from 'vitest';
import type { BindingState } from '../bindings/binding-state.ts';
import { tagRevision } from '../ledger/secret-version.ts';
import type { FailedTask, WorkloadTask } from '../ports/orchestrator.ts';
import { aside, bad, bindingOf, decide, rollout, task, typesOf, value } from '../testing/decided-service.ts';

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

test('a rollback by Swarm is not taken for one by the user if later failures may have hidden those of the rollout', () => {
  const later = (id: string): FailedTask => ({ ...bad, id, generation: 4, started: false });
  const after = (...failures: FailedTask[]) =>
    typesOf(decide({ state: 'rolled-back', service: { generation: 4 }, serviceState: { failures } }));
  expect(after(later('a'), later('b'))).toContain('quarantine.started');
  expect(after(later('a'), later('b'), later('c'))).not.toContain('quarantine.started');
});

test('nor if the clock that gave the time of the start was ahead of those of the tasks', () => {
  const failures = ['a', 'b', 'c'].map(
    (id): FailedTask => ({ ...bad, id, generation: 4, started: false, endedAtMs: 70_000 }),
  );
  const typesAfter = (openForMs: number) => {
    const entry = { rollout: { ...rollout, startedAtMs: 3_600_000 } };
    const service = { generation: 4, tasks: [task('t', 100)] };
    return typesOf(decide({ state: 'rolled-back', entry, service, serviceState: { failures, openForMs } }));
  };
  expect(typesAfter(31_000)).not.toContain('quarantine.started');
  // They were before the rollout.
  expect(typesAfter(29_000)).toContain('quarantine.started');
});
