import { hash } from 'node:crypto';
import { displayText } from '@vault-swarm/kernel';
import type { RolloutReport, Workload, WorkloadSecret, WorkloadTask } from '@vault-swarm/rotation';
import type { EngineSecret, EngineService, EngineTask, EngineTaskSpec } from './engine-types.ts';
import { withoutTag } from './plugin-name.ts';

const ROLLOUT_STATES: Readonly<Record<string, RolloutReport['state']>> = {
  updating: 'rolling',
  completed: 'completed',
  paused: 'paused',
  rollback_started: 'rolling-back',
  rollback_completed: 'rolled-back',
  rollback_paused: 'rollback-paused',
};

/** `docker stack deploy` gives it to all services of a stack. */
const STACK_LABEL = 'com.docker.stack.namespace';

const ENDED = new Set(['complete', 'failed', 'shutdown', 'rejected', 'orphaned', 'remove']);

/** Whether a secret's driver is the plugin of that name, whatever tag either has. */
export function isOurs(secret: EngineSecret, pluginName: string): boolean {
  const driver = secret.Spec?.Driver?.Name;
  return driver !== undefined && withoutTag(driver) === withoutTag(pluginName);
}

export function toSecret(secret: EngineSecret): WorkloadSecret {
  const driverOptions = Object.keys(secret.Spec?.Driver?.Options ?? {});
  return {
    id: secret.ID,
    name: secret.Spec?.Name ?? '',
    labels: secret.Spec?.Labels ?? {},
    ...(driverOptions.length === 0 ? {} : { driverOptions }),
  };
}

/** What is kept of a service that the engine described: its description has many kilobytes. */
export interface ServiceRecord {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly version: number;
  readonly generation: number;
  readonly fingerprint: string;
  /** Of what its tasks were made from before its latest update; `null` where there was none. */
  readonly previousFingerprint: string | null;
  readonly kind: Workload['kind'];
  readonly desiredTasks: number | null;
  /** Of all secrets that it uses, whoever's they are, each once. */
  readonly secretIds: readonly string[];
  /** Of those that only its spec before has, until its update is completed. */
  readonly formerSecretIds: readonly string[];
  readonly rollout: Omit<RolloutReport, 'resumable'>;
  /** Whether it has one task on each node. */
  readonly isGlobal: boolean;
}

/** What is kept of a task that the engine described. */
export interface TaskRecord {
  readonly serviceId: string;
  readonly fingerprint: string;
  /** Empty while it has none. */
  readonly nodeId: string;
  readonly task: WorkloadTask;
}

const kept = new WeakMap<TaskRecord, TaskRecord>();

/**
 * The record of a global service's task on a paused node: Swarm's updater passes over such nodes, and comes back to them when
 * they are active again (seen on 20.10). The same record gives the very same one.
 */
export function asKept(record: TaskRecord): TaskRecord {
  const known = kept.get(record) ?? { ...record, task: { ...record.task, isKept: true } };
  kept.set(record, known);
  return known;
}

export function toServiceRecord({ ID, Spec, PreviousSpec, UpdateStatus, Version }: EngineService): ServiceRecord {
  const mode = Spec?.Mode ?? {};
  const secretIds = secretsOf(Spec?.TaskTemplate);
  const former = UpdateStatus?.State === 'completed' ? [] : secretsOf(PreviousSpec?.TaskTemplate);
  return {
    id: ID,
    name: Spec?.Name ?? '',
    tenant: Spec?.Labels?.[STACK_LABEL] ?? '',
    version: Version?.Index ?? 0,
    generation: Spec?.TaskTemplate?.ForceUpdate ?? 0,
    fingerprint: fingerprintOf(Spec?.TaskTemplate),
    previousFingerprint: PreviousSpec === undefined ? null : fingerprintOf(PreviousSpec.TaskTemplate),
    kind: 'ReplicatedJob' in mode || 'GlobalJob' in mode ? 'job' : 'service',
    desiredTasks: mode.Replicated?.Replicas ?? null,
    secretIds,
    formerSecretIds: former.filter((id) => !secretIds.includes(id)),
    rollout: {
      state: ROLLOUT_STATES[UpdateStatus?.State ?? ''] ?? 'none',
      message: displayText(UpdateStatus?.Message ?? ''),
      startedAtMs: timeOf(UpdateStatus?.StartedAt),
    },
    isGlobal: 'Global' in mode,
  };
}

export function toTaskRecord(task: EngineTask): TaskRecord {
  const { ServiceID: serviceId = '', NodeID: nodeId = '' } = task;
  return { serviceId, nodeId, fingerprint: fingerprintOf(task.Spec), task: toTask(task) };
}

/** Ids of the secrets that tasks use, each once, in their own order. */
function secretsOf(task: EngineTaskSpec | undefined): readonly string[] {
  return [...new Set((task?.ContainerSpec?.Secrets ?? []).flatMap(({ SecretID }) => SecretID ?? []))];
}

/** Ids of the secrets of ours that a service uses, or may use again. */
export type UsedSecrets = Pick<Workload, 'secretIds' | 'formerSecretIds'>;

/** Those of the given secrets. */
export function usedSecrets({ secretIds, formerSecretIds }: ServiceRecord, ours: ReadonlySet<string>): UsedSecrets {
  const isOfOurs = (id: string) => ours.has(id);
  return { secretIds: secretIds.filter(isOfOurs), formerSecretIds: formerSecretIds.filter(isOfOurs) };
}

export function toWorkload(
  { previousFingerprint, isGlobal: _, ...service }: ServiceRecord,
  used: UsedSecrets,
  tasks: readonly TaskRecord[],
): Workload {
  const { rollout, fingerprint } = service;
  const isPaused = rollout.state === 'paused' || rollout.state === 'rollback-paused';
  const resumable = isPaused && (previousFingerprint === fingerprint || runsAlready(fingerprint, tasks));
  return { ...service, ...used, rollout: { ...rollout, resumable }, tasks: tasks.map(({ task }) => task) };
}

/** Whether tasks as the update makes them run already, and every living task of the service runs. */
function runsAlready(fingerprint: string, tasks: readonly TaskRecord[]): boolean {
  const living = tasks.filter(({ task }) => task.state !== 'ended');
  const isRunning = living.every(({ task }) => task.state === 'running');
  return isRunning && living.some((record) => record.fingerprint === fingerprint);
}

/**
 * Equal for a service and a task of it as long as only the generation differs. The engine writes a spec's fields always
 * in the same order; that of labels and other maps is sorted. A task is not told its runtime (seen on 20.10).
 */
export function fingerprintOf(spec: EngineTaskSpec | undefined): string {
  return hash('sha1', JSON.stringify({ ...spec, ForceUpdate: undefined, Runtime: undefined }));
}

export function toTask(task: EngineTask): WorkloadTask {
  return {
    id: task.ID,
    generation: task.Spec?.ForceUpdate ?? 0,
    createdAtMs: timeOf(task.CreatedAt) ?? 0,
    state: taskState(task),
    // Also tasks that were never given a node say why; that of a running one is history.
    reason: displayText(task.Status?.Err ?? ''),
  };
}

function taskState(task: EngineTask): WorkloadTask['state'] {
  const state = task.Status?.State ?? '';
  // A task that Swarm wants to stop is of no more interest, whatever it still does.
  if (ENDED.has(state) || task.DesiredState === 'shutdown' || task.DesiredState === 'remove') return 'ended';
  return state === 'running' ? 'running' : 'starting';
}

/** A time of the engine's in milliseconds since 1970; it has nanoseconds, and its zero time has the year 1. */
export function timeOf(text: string | undefined): number | null {
  const time = Date.parse(text ?? '');
  return time > 0 ? time : null;
}
