import type { OrchestratorWords, StartTimes } from '@vault-swarm/provider';
import { type BindingState, outdatedTasks } from '../bindings/binding-state.ts';
import { rotatesAutomatically } from '../bindings/secret-binding.ts';
import {
  type LedgerService,
  type Noticed,
  type OpenRollout,
  quarantineOf,
  undoneGeneration,
  type Values,
} from '../ledger/ledger.ts';
import type { SecretVersion } from '../ledger/secret-version.ts';
import type { FailedTask, Workload, WorkloadTask } from '../ports/orchestrator.ts';
import type { RotationPolicy } from '../ports/rotation-ports.ts';

/** Whether a replaced value can still be delivered; `unknown` until the provider has answered. */
export type Availability = 'available' | 'unavailable' | 'unknown';

/** Everything that the decision about one service depends on. */
export interface ServiceState {
  readonly nowMs: number;
  readonly service: Workload;
  readonly entry: LedgerService;
  readonly bindings: readonly BindingState[];
  /** Ledger keys of the secrets whose labels are invalid now. */
  readonly unread: readonly string[];
  /** The secrets without a value. A task that starts now does not get them. */
  readonly undeliverable: readonly UndeliverableSecret[];
  readonly policy: RotationPolicy;
  /** See {@link Orchestrator.words}. */
  readonly words?: OrchestratorWords | undefined;
  /** When rotations may start, unless the secret's labels say otherwise. */
  readonly startTimes: StartTimes;
  /** How the desired value of a ledger key was noticed; `undefined` if that is not known. */
  readonly noticed: (key: string) => Noticed | undefined;
  /** Whether a lockdown is active. Only requests of an operator and rollbacks start a rollout then. */
  readonly isLockedDown: boolean;
  /** Monotonic time since this process first saw the present attempt, or saw it applied. */
  readonly openForMs: number;
  /** Whether this process saw the open rollout's update applied. */
  readonly seenApplied: boolean;
  /** Whether this process saw the orchestrator roll it back. */
  readonly seenRolledBack: boolean;
  /** Whether it has observed the service without a gap since it first saw the rollout. */
  readonly continuouslyObserved: boolean;
  /** Whether this process started the rollout and each attempt, so that it delivered to all of its tasks on this node. */
  readonly startedByThisProcess: boolean;
  /** Whether another update came first, so that the open rollout's update was not made. */
  readonly overtaken: boolean;
  /** For how long it has seen the service object unchanged. */
  readonly unchangedForMs: number;
  /** For how long it has seen the same tasks, all of them running. */
  readonly stableForMs: number;
  /** The pause before the next automatic rotation. It applies if the secrets change faster than the service rolls. */
  readonly pauseMs: number;
  /** When the first credential that its tasks use ends, in milliseconds since 1970; by default none does. */
  readonly leaseEndMs?: number;
  /** Why the orchestrator rejected the open rollout's update, if it did. */
  readonly rejection: string | undefined;
  /** The service's failed tasks; `null` if they were not requested. */
  readonly failures: readonly FailedTask[] | null;
  /** The values that this process delivered to a task, for a secret by its ledger key. */
  readonly given: (taskId: string, key: string) => readonly SecretVersion[];
  readonly lastGood: (key: string, value: SecretVersion) => Availability;
  /** Whether another service may start to roll with these values in this reconcile pass. */
  readonly hasCapacity: (values: Values) => boolean;
  /** The name of another service whose tasks failed with this value of a secret; `undefined` if there is none. */
  readonly failedIn: (key: string, value: SecretVersion) => string | undefined;
}

/** A secret without a value, and the provider's reason. */
interface UndeliverableSecret {
  readonly secret: string;
  readonly reason: string;
}

/** The bindings that need a rollout: by their labels, by request, or because their values were quarantined. */
export function dueBindings({
  service,
  entry,
  bindings,
}: Pick<ServiceState, 'service' | 'entry' | 'bindings'>): readonly BindingState[] {
  if (service.kind === 'job') return [];
  return bindings.filter((known) => {
    const { binding } = known;
    if (outdatedTasks(known).length === 0) return false;
    return (
      rotatesAutomatically(binding) ||
      entry.requested.includes(binding.key) ||
      quarantineOf(entry, binding.key) !== undefined
    );
  });
}

/** Whether the orchestrator is replacing tasks of the service, for a rollout or for its user. */
export function isUpdating({ rollout: { state } }: Workload): boolean {
  return state === 'rolling' || state === 'rolling-back';
}

/** The orchestrator reports an update a moment after the change of the service. */
const SETTLED_MS = 1_000;
/** A task that fails repeatedly seems to run between two failures: this time is longer. */
const STABLE_MS = 30_000;

/** Whether the orchestrator has had time to report what it does about the latest change of the service. */
export function isSettled({ unchangedForMs }: ServiceState): boolean {
  return unchangedForMs >= SETTLED_MS;
}

/** Whether the running tasks have run long enough to count as healthy. */
export function isStable({ stableForMs }: Pick<ServiceState, 'stableForMs'>): boolean {
  return stableForMs >= STABLE_MS;
}

/** Whether all desired tasks run. */
export function isFullyRunning({ tasks, desiredTasks }: Workload): boolean {
  const living = tasks.filter(({ state }) => state !== 'ended');
  return living.length >= (desiredTasks ?? 1) && living.every(({ state }) => state === 'running');
}

/** Whether no running task needs another value while further tasks start, which get the desired ones. */
export function awaitsTasks(serviceState: Pick<ServiceState, 'service' | 'entry' | 'bindings'>): boolean {
  const isAny = (state: WorkloadTask['state']) => serviceState.service.tasks.some((task) => task.state === state);
  return isAny('running') && isAny('starting') && dueBindings(serviceState).length === 0;
}

/** Whether all desired tasks run with the desired values, and no paused update would replace one of them. */
export function isUpToDate({ service, bindings }: ServiceState): boolean {
  const isOfEarlier = ({ state, generation }: WorkloadTask) => state !== 'ended' && generation < service.generation;
  const isHalfDone = isPaused(service) && service.tasks.some(isOfEarlier);
  const isCurrent = bindings.every((known) => {
    return known.desired !== undefined && outdatedTasks(known).length === 0 && known.actual.length > 0;
  });
  return isCurrent && isFullyRunning(service) && !isHalfDone;
}

/** Whether no task is desired: the service is scaled to 0, or no node fits it. */
export function isScaledToZero({ tasks, desiredTasks }: Workload): boolean {
  return desiredTasks === 0 || (desiredTasks === null && tasks.every(({ state }) => state === 'ended'));
}

/** Whether the orchestrator paused the service's latest update, or its rollback. */
export function isPaused({ rollout: { state } }: Workload): boolean {
  return state === 'paused' || state === 'rollback-paused';
}

/** Whether the orchestrator paused the service's latest update, or rolled it back. */
export function isHalted(service: Workload): boolean {
  return isPaused(service) || service.rollout.state === 'rolled-back';
}

/**
 * Whether the rollout's update was made. A rollback restores the service's old generation. After one, only earlier
 * observations, or tasks of the rollout, show it.
 */
export function wasApplied(serviceState: ServiceState, open: OpenRollout): boolean {
  const { service, entry, failures, seenApplied } = serviceState;
  if (serviceState.overtaken) return false;
  const undone = undoneGeneration({ ...entry, rollout: open });
  if (undone !== null) return seenApplied || service.generation < undone;
  return (
    service.generation >= open.generation ||
    seenApplied ||
    service.tasks.some(({ generation }) => generation >= open.generation) ||
    (failures ?? []).some(({ generation }) => generation === open.generation)
  );
}

/**
 * Whether the orchestrator undid the rollout's update. If the user updated the service since, for example its labels,
 * only earlier observations show it.
 */
export function isUndone({ service, seenRolledBack }: ServiceState, open: OpenRollout): boolean {
  const isSeen = service.rollout.state === 'rolled-back' || (seenRolledBack && !isPaused(service));
  return isSeen && service.generation < open.generation;
}

/** A generation greater than each known one of the service: a rollback restores old ones. */
export function nextGeneration({
  service,
  entry,
  failures,
}: Pick<ServiceState, 'service' | 'entry' | 'failures'>): number {
  const seen = [
    service.generation,
    entry.rollout?.generation ?? 0,
    entry.highestUsedGeneration,
    ...service.tasks.map(({ generation }) => generation),
    ...(failures ?? []).map(({ generation }) => generation),
  ];
  return Math.max(...seen) + 1;
}

/** Names of the secrets with these keys that the service still uses. */
export function secretNames({ bindings }: Pick<ServiceState, 'bindings'>, values: object): readonly string[] {
  return bindings.filter(({ binding }) => binding.key in values).map(({ binding }) => binding.secret.name);
}
