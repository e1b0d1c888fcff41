import { hash } from 'node:crypto';
import { displayText } from '@vault-swarm/provider';
import type { RolloutReport, Workload, WorkloadSecret, WorkloadTask } from '@vault-swarm/rotation';
import type { EngineSecret, EngineService, EngineTask, EngineTaskSpec } from './engine-objects.ts';

const ROLLOUT_STATES: Readonly<Record<string, RolloutReport['state']>> = {
  updating: 'rolling',
  completed: 'completed',
  paused: 'paused',
  rollback_started: 'rolling-back',
  rollback_completed: 'rolled-back',
  rollback_paused: 'rollback-paused',
};

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

/** Ids of the given secrets that a service uses, each once, in its own order. */
function secretsOf(task: EngineTaskSpec | undefined, ours: ReadonlySet<string>): readonly string[] {
  const used = task?.ContainerSpec?.Secrets ?? [];
  return [...new Set(used.flatMap(({ SecretID }) => (SecretID !== undefined && ours.has(SecretID) ? [SecretID] : [])))];
}

/** The secrets of ours that a service uses, and those that only its spec before has, until its update is completed. */
export function usedSecrets(
  { Spec, PreviousSpec, UpdateStatus }: EngineService,
  ours: ReadonlySet<string>,
): Pick<Workload, 'secretIds' | 'formerSecretIds'> {
  const secretIds = secretsOf(Spec?.TaskTemplate, ours);
  const isDone = UpdateStatus?.State === 'completed';
  const former = isDone ? [] : secretsOf(PreviousSpec?.TaskTemplate, ours);
  return { secretIds, formerSecretIds: former.filter((id) => !secretIds.includes(id)) };
}

export function toWorkload(
  service: EngineService,
  used: Pick<Workload, 'secretIds' | 'formerSecretIds'>,
  tasks: readonly EngineTask[],
): Workload {
  const mode = service.Spec?.Mode ?? {};
  const state = ROLLOUT_STATES[service.UpdateStatus?.State ?? ''] ?? 'none';
  const fingerprint = fingerprintOf(service.Spec?.TaskTemplate);
  return {
    id: service.ID,
    name: service.Spec?.Name ?? '',
    version: service.Version?.Index ?? 0,
    generation: service.Spec?.TaskTemplate?.ForceUpdate ?? 0,
    fingerprint,
    kind: 'ReplicatedJob' in mode || 'GlobalJob' in mode ? 'job' : 'service',
    desiredTasks: mode.Replicated?.Replicas ?? null,
    ...used,
    rollout: {
      state,
      message: displayText(service.UpdateStatus?.Message ?? ''),
      startedAtMs: timeOf(service.UpdateStatus?.StartedAt),
      mayGoOn: (state === 'paused' || state === 'rollback-paused') && mayGoOn(service, tasks, fingerprint),
    },
    tasks: tasks.map(toTask),
  };
}

function mayGoOn({ PreviousSpec }: EngineService, tasks: readonly EngineTask[], fingerprint: string): boolean {
  if (PreviousSpec !== undefined && fingerprintOf(PreviousSpec.TaskTemplate) === fingerprint) return true;
  const living = tasks.filter((task) => taskState(task) !== 'ended');
  const isRunning = living.every((task) => taskState(task) === 'running');
  return isRunning && living.some(({ Spec }) => fingerprintOf(Spec) === fingerprint);
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

function withoutTag(name: string): string {
  return name.replace(/:[^:/]*$/, '');
}
