import { describe, expect, it } from 'vitest';
import type { EngineService, EngineTask } from './engine-types.ts';
import {
  asKept,
  isOurs,
  toSecret,
  toServiceRecord,
  toTask,
  toTaskRecord,
  type UsedSecrets,
  usedSecrets as usedOf,
  toWorkload as workloadOf,
} from './snapshot.ts';

const toWorkload = (service: EngineService, used: UsedSecrets, tasks: readonly EngineTask[]) =>
  workloadOf(toServiceRecord(service), used, tasks.map(toTaskRecord));
const usedSecrets = (service: EngineService, ours: ReadonlySet<string>) => usedOf(toServiceRecord(service), ours);

/** No secret of ours. */
const NOTHING = { secretIds: [], formerSecretIds: [] };

describe('what the engine says, in our words', () => {
  it.each([
    ['vault', 'vault', true],
    ['vault:latest', 'vault', true],
    ['vault', 'vault:latest', true],
    ['vault:2', 'vault:1', true],
    ['registry:5000/team/vault:1', 'registry:5000/team/vault', true],
    ['vault2', 'vault', false],
    ['team/vault', 'vault', false],
  ])('a secret of driver %s is of the plugin %s: %s', (driver, plugin, ours) => {
    expect(isOurs({ ID: '1', Spec: { Driver: { Name: driver } } }, plugin)).toBe(ours);
  });

  it('a secret without a driver is not ours', () => {
    expect(isOurs({ ID: '1', Spec: { Name: 'plain' } }, 'vault')).toBe(false);
  });

  it('options of a driver are reported by name, if there are any', () => {
    const Driver = { Name: 'vault', Options: { vault_path: 'x' } };
    expect(toSecret({ ID: '1', Spec: { Name: 'db', Driver } })).toMatchObject({ driverOptions: ['vault_path'] });
    expect(toSecret({ ID: '1', Spec: { Name: 'db', Driver: { Name: 'vault', Options: null } } })).toEqual({
      id: '1',
      name: 'db',
      labels: {},
    });
  });

  it.each([
    ['new', 'running', 'starting'],
    ['pending', 'running', 'starting'],
    ['ready', 'ready', 'starting'],
    ['starting', 'running', 'starting'],
    ['running', 'running', 'running'],
    ['running', 'complete', 'running'],
    ['running', 'shutdown', 'ended'],
    ['running', 'remove', 'ended'],
    ['complete', 'complete', 'ended'],
    ['failed', 'running', 'ended'],
    ['rejected', 'shutdown', 'ended'],
    ['orphaned', 'shutdown', 'ended'],
  ])('a task that is %s and shall be %s counts as %s', (State, DesiredState, state) => {
    const Status = { State, Err: 'no suitable node' };
    const task = { ID: 't', CreatedAt: '2026-11-23T21:18:25.452304502Z', DesiredState, Status };
    expect(toTask({ ...task, Spec: { ForceUpdate: 3 } })).toEqual({
      id: 't',
      generation: 3,
      createdAtMs: Date.UTC(2026, 10, 23, 21, 18, 25, 452),
      state,
      reason: 'no suitable node',
    });
  });

  it.each([
    ['ReplicatedJob', 'job'],
    ['GlobalJob', 'job'],
    ['Replicated', 'service'],
    ['Global', 'service'],
  ])('%s is a %s', (mode, kind) => {
    expect(toWorkload({ ID: 's', Spec: { Mode: { [mode]: {} } } }, NOTHING, []).kind).toBe(kind);
  });

  it('tells how many tasks shall run, if that does not follow from the nodes', () => {
    const desiredTasks = (Mode: object) => toWorkload({ ID: 's', Spec: { Mode } }, NOTHING, []).desiredTasks;
    expect(desiredTasks({ Replicated: { Replicas: 3 } })).toBe(3);
    expect(desiredTasks({ Replicated: { Replicas: 0 } })).toBe(0);
    expect(desiredTasks({ Global: {} })).toBeNull();
  });

  it.each([
    [undefined, 'none'],
    ['updating', 'rolling'],
    ['completed', 'completed'],
    ['paused', 'paused'],
    ['rollback_started', 'rolling-back'],
    ['rollback_completed', 'rolled-back'],
    ['rollback_paused', 'rollback-paused'],
  ])('an update that is %s is %s', (state, expected) => {
    const UpdateStatus =
      state === undefined ? {} : { State: state, Message: 'why', StartedAt: '2026-01-01T00:00:01.5Z' };
    const { rollout } = toWorkload({ ID: 's', UpdateStatus }, NOTHING, []);
    const reported = state !== undefined;
    const startedAtMs = reported ? Date.UTC(2026, 0, 1, 0, 0, 1, 500) : null;
    expect(rollout).toEqual({ state: expected, message: reported ? 'why' : '', startedAtMs, resumable: false });
  });

  const before = { ContainerSpec: { Image: 'a' }, ForceUpdate: 1 };
  const forced = { ...before, ForceUpdate: 2 };
  const deployed = { ContainerSpec: { Image: 'b' }, ForceUpdate: 1 };
  const task = (Spec: object, State: string) => ({ ID: 't', DesiredState: 'running', Status: { State }, Spec });

  it.each([
    ['it only restarts tasks', 'paused', forced, [], true],
    [
      'its tasks run beside the earlier ones',
      'paused',
      deployed,
      [task(before, 'running'), task(deployed, 'running')],
      true,
    ],
    [
      'one of its tasks does not run',
      'paused',
      deployed,
      [task(deployed, 'running'), task(deployed, 'starting')],
      false,
    ],
    ['none of its tasks runs', 'paused', deployed, [task(before, 'running')], false],
    ['it is not paused', 'updating', forced, [], false],
  ])('whether an update may go on if %s (%s): %5$s', (_, State, TaskTemplate, tasks, expected) => {
    const service = {
      ID: 's',
      Spec: { TaskTemplate },
      PreviousSpec: { TaskTemplate: before },
      UpdateStatus: { State },
    };
    expect(toWorkload(service, NOTHING, tasks).rollout.resumable).toBe(expected);
  });

  it('a fingerprint is that of the tasks: another one only if something else than their generation changed', () => {
    const fingerprint = (Spec: object) => toWorkload({ ID: 's', Spec }, NOTHING, []).fingerprint;
    const TaskTemplate = { ContainerSpec: { Image: 'a' }, ForceUpdate: 1 };
    const before = fingerprint({ Name: 'api', TaskTemplate, Mode: {} });
    expect(fingerprint({ Name: 'api', TaskTemplate: { ...TaskTemplate, ForceUpdate: 7 }, Mode: {} })).toBe(before);
    expect(fingerprint({ Name: 'api', TaskTemplate: { ContainerSpec: { Image: 'a' } }, Mode: {} })).toBe(before);
    const changed = { ...TaskTemplate, ContainerSpec: { Image: 'b' } };
    expect(fingerprint({ Name: 'api', TaskTemplate: changed, Mode: {} })).not.toBe(before);
    expect(fingerprint({ Name: 'api', TaskTemplate, Mode: {}, Labels: { a: 'b' } })).toBe(before);
  });

  it('what the engine says is cut, and a terminal does not obey it', () => {
    const hostile = `\u001b[2J${'a'.repeat(1_000_000)}`;
    const Status = { State: 'pending', Err: hostile };
    const service = { ID: 's', UpdateStatus: { State: 'paused', Message: hostile } };
    const { message } = toWorkload(service, NOTHING, []).rollout;
    for (const text of [message, toTask({ ID: 't', Status }).reason]) {
      expect(text).toMatch(/^\\u001b\[2Ja+… \(1000004 characters\)$/);
      expect(text.length).toBeLessThanOrEqual(200);
    }
  });

  it('a service uses each of our secrets once, and others not at all', () => {
    const Secrets = [{ SecretID: 'b' }, { SecretID: 'x' }, { SecretID: 'a' }, { SecretID: 'b' }];
    const service = { ID: 's', Spec: { TaskTemplate: { ContainerSpec: { Secrets } } } };
    expect(usedSecrets(service, new Set(['a', 'b', 'c'])).secretIds).toEqual(['b', 'a']);
    const none = { ID: 's', Spec: { TaskTemplate: { ContainerSpec: { Secrets: null } } } };
    expect(usedSecrets(none, new Set(['a']))).toEqual(NOTHING);
  });

  it.each([
    ['updating', ['a']],
    ['paused', ['a']],
    ['rollback_started', ['a']],
    [undefined, ['a']],
    ['completed', []],
  ])('a service that does not use a secret any more may do so again while its update is %s: %j', (State, former) => {
    const spec = (...ids: string[]) => ({
      TaskTemplate: { ContainerSpec: { Secrets: ids.map((SecretID) => ({ SecretID })) } },
    });
    const status = State === undefined ? {} : { UpdateStatus: { State } };
    const service = { ID: 's', Spec: spec('b'), PreviousSpec: spec('a', 'b', 'x'), ...status };
    expect(usedSecrets(service, new Set(['a', 'b']))).toEqual({ secretIds: ['b'], formerSecretIds: former });
  });
});

it('a task that is kept on a paused node is the very same one each time, so that nothing seems to have changed', () => {
  const record = toTaskRecord({ ID: 't', ServiceID: 's', NodeID: 'n' });
  expect(asKept(record)).toMatchObject({ nodeId: 'n', task: { id: 't', isKept: true } });
  expect(asKept(record)).toBe(asKept(record));
  expect(record.task.isKept).toBeUndefined();
});

it('a service has the tenant that its stack label names, and is known as global', () => {
  const Labels = { 'com.docker.stack.namespace': 'shop' };
  const record = toServiceRecord({ ID: 's', Spec: { Labels, Mode: { Global: {} } } });
  expect(record).toMatchObject({ tenant: 'shop', isGlobal: true });
  const used = { secretIds: [], formerSecretIds: [] };
  expect(workloadOf(record, used, [])).toMatchObject({ tenant: 'shop', desiredTasks: null });
  expect(workloadOf(record, used, [])).not.toHaveProperty('isGlobal');
});
