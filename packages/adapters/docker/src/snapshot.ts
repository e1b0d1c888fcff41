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

/** The label that `docker stack deploy` sets on all services of a stack. */
const STACK_LABEL = 'com.docker.stack.namespace';

const ENDED = new Set(['complete', 'failed', 'shutdown', 'rejected', 'orphaned', 'remove']);

/** Whether a secret's driver is the plugin of that name. Tags are ignored. */
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

/** What we keep of a service. The engine's description has many kilobytes. */
export interface ServiceRecord {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly version: number;
  readonly generation: number;
  readonly fingerprint: string;
  /** The fingerprint of the tasks' template before the latest update; `null` if there was none. */
  readonly previousFingerprint: string | null;
  readonly kind: Workload['kind'];
  readonly desiredTasks: number | null;
  /** All secrets of the service, ours and others, each once. */
  readonly secretIds: readonly string[];
  /** Secrets that only the previous spec has, until the update is completed. */
  readonly formerSecretIds: readonly string[];
  readonly rollout: Omit<RolloutReport, 'resumable'>;
  /** Whether it has one task on each node. */
  readonly isGlobal: boolean;
}

/** What we keep of a task. */
export interface TaskRecord {
  readonly serviceId: string;
  readonly fingerprint: string;
  /** Empty if it has no node. */
  readonly nodeId: string;
  readonly task: WorkloadTask;
}

const kept = new WeakMap<TaskRecord, TaskRecord>();

/**
 * The record of a global service's task on a paused node. Swarm's updater skips such nodes and updates them when they
 * are active again (seen on 20.10). The same record gives the identical result.
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

/** Ids of the secrets that tasks use, each once, in their order. */
function secretsOf(task: EngineTaskSpec | undefined): readonly string[] {
  return [...new Set((task?.ContainerSpec?.Secrets ?? []).flatMap(({ SecretID }) => SecretID ?? []))];
}

/** Ids of our secrets that a service uses or may use again. */
export type UsedSecrets = Pick<Workload, 'secretIds' | 'formerSecretIds'>;

/** Selects those of the given secrets. */
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

/** Whether the tasks already run with the updated template, and every living task of the service runs. */
function runsAlready(fingerprint: string, tasks: readonly TaskRecord[]): boolean {
  const living = tasks.filter(({ task }) => task.state !== 'ended');
  const isRunning = living.every(({ task }) => task.state === 'running');
  return isRunning && living.some((record) => record.fingerprint === fingerprint);
}

/**
 * Equal for a service and its task if only the generation differs. The engine writes fields in a fixed order and sorts
 * labels and other maps. A task does not contain its runtime (seen on 20.10).
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
    // Tasks without a node also have a reason. The reason of a running task is outdated.
    reason: displayText(task.Status?.Err ?? ''),
  };
}

function taskState(task: EngineTask): WorkloadTask['state'] {
  const state = task.Status?.State ?? '';
  // A task that Swarm wants to stop is ignored, whatever its state.
  if (ENDED.has(state) || task.DesiredState === 'shutdown' || task.DesiredState === 'remove') return 'ended';
  return state === 'running' ? 'running' : 'starting';
}

/** Converts the engine's time to milliseconds since 1970. It has nanoseconds, and its zero value is in year 1. */
export function timeOf(text: string | undefined): number | null {
  const time = Date.parse(text ?? '');
  return time > 0 ? time : null;
}
