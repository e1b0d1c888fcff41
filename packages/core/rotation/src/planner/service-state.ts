import type { ProductEvent } from '@vault-swarm/provider';
import { type BindingState, outdatedTasks } from '../bindings/binding-state.ts';
import { rotatesAutomatically } from '../bindings/secret-binding.ts';
import { type LedgerService, type OpenRollout, quarantineOf, undoneGeneration, type Values } from '../ledger/ledger.ts';
import type { SecretVersion } from '../ledger/secret-version.ts';
import type { FailedTask, Workload, WorkloadTask } from '../ports/orchestrator.ts';
import type { RotationPolicy } from '../ports/rotation-ports.ts';
import type { WaitingReason } from '../ports/waiting-reason.ts';

/** Whether a value that was replaced can still be given to tasks; `unknown` while that is being found out. */
export type Availability = 'available' | 'unavailable' | 'unknown';

/** All that the decision about one service depends on. */
export interface ServiceState {
  readonly nowMs: number;
  readonly service: Workload;
  readonly entry: LedgerService;
  readonly bindings: readonly BindingState[];
  /** What the ledger may call the secrets whose labels can't be read now. */
  readonly unread: readonly string[];
  /** The secrets that have no value: a task that starts now is refused them. */
  readonly undeliverable: readonly UndeliverableSecret[];
  readonly policy: RotationPolicy;
  /** Whether a lockdown is active: only what an operator asks for is rolled, and what puts tasks right that failed. */
  readonly isLockedDown: boolean;
  /** For how long this process has seen the open rollout's present attempt, since it was applied if it is: no clock that jumps changes it. */
  readonly openForMs: number;
  /** Whether this process saw the open rollout's update applied. */
  readonly seenApplied: boolean;
  /** Whether it has looked again and again since it saw the rollout first. */
  readonly continuouslyObserved: boolean;
  /** Whether it started the rollout and each attempt: then it has answered to all of its tasks, if it is the one that is asked. */
  readonly startedByThisProcess: boolean;
  /** Whether the open rollout's update was surely not made: somebody else's came first. */
  readonly overtaken: boolean;
  /** For how long it has seen the service object as it is. */
  readonly unchangedForMs: number;
  /** For how long it has seen the very same tasks, each running. */
  readonly stableForMs: number;
  /** For how long no rotation of the service may start by itself, since its secrets change faster than it rolls. */
  readonly pauseMs: number;
  /** Why the orchestrator refused the open rollout's update for good, if it did. */
  readonly rejection: string | undefined;
  /** The service's failed tasks; `null` where they were not asked for. */
  readonly failures: readonly FailedTask[] | null;
  /** What this process answered to a task, for a secret by its ledger key. */
  readonly given: (taskId: string, key: string) => readonly SecretVersion[];
  readonly lastGood: (key: string, value: SecretVersion) => Availability;
  /** Whether another service may start to roll with these values in this pass. */
  readonly hasCapacity: (values: Values) => boolean;
  /** The name of another service whose tasks failed with this value of a secret; `undefined` where there is none. */
  readonly failedIn: (key: string, value: SecretVersion) => string | undefined;
}

/** A secret that its provider gives no value of, and the provider's reason. */
interface UndeliverableSecret {
  readonly secret: string;
  readonly reason: string;
}

/** A service update that is to be made, after the ledger was written. */
export interface RollAction {
  readonly serviceId: string;
  readonly serviceName: string;
  readonly version: number;
  readonly generation: number;
}

/** What happens to a service in this pass. */
export interface Decision {
  /** Its next entry; what tasks hold is recorded elsewhere. */
  readonly entry: LedgerService;
  readonly roll: RollAction | null;
  readonly events: readonly ProductEvent[];
  /** Why a rollout that is due was not started; `null` where none is due, or one was started. */
  readonly waitingReason: WaitingReason | null;
  /** Whether it goes on only after somebody did something. */
  readonly blocked: boolean;
  /** The values that made its tasks fail, while they can't be put in quarantine yet. */
  readonly heldAgainst: Values;
}

/** The uses for which the service is to be rolled: by their labels, by request, or since their values were quarantined. */
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

/** Swarm takes a moment from a change of a service until it says that it is updating it. */
const SETTLED_MS = 1_000;
/** A task that fails again and again seems to run in between: this is longer than such a moment. */
const STABLE_MS = 30_000;

/** Whether the orchestrator has had the time to say what it does about the latest change of the service. */
export function isSettled({ unchangedForMs }: ServiceState): boolean {
  return unchangedForMs >= SETTLED_MS;
}

/** Whether the tasks that run now may be taken to go on running. */
export function isStable({ stableForMs }: ServiceState): boolean {
  return stableForMs >= STABLE_MS;
}

/** Whether all tasks that shall run do run. */
export function isFullyRunning({ tasks, desiredTasks }: Workload): boolean {
  const living = tasks.filter(({ state }) => state !== 'ended');
  return living.length >= (desiredTasks ?? 1) && living.every(({ state }) => state === 'running');
}

/** Whether all tasks that shall run do run, with what is wanted, and no update was paused that would replace one of them. */
export function isUpToDate({ service, bindings }: ServiceState): boolean {
  const isOfEarlier = ({ state, generation }: WorkloadTask) => state !== 'ended' && generation < service.generation;
  const isHalfDone = isPaused(service) && service.tasks.some(isOfEarlier);
  const isCurrent = bindings.every((known) => {
    return known.desired !== undefined && outdatedTasks(known).length === 0 && known.actual.length > 0;
  });
  return isCurrent && isFullyRunning(service) && !isHalfDone;
}

/** Whether no task shall run: the service is scaled to 0, or no node is for it. */
export function isScaledToZero({ tasks, desiredTasks }: Workload): boolean {
  return desiredTasks === 0 || (desiredTasks === null && tasks.every(({ state }) => state === 'ended'));
}

/** Whether the orchestrator stopped in the middle of the service's latest update. */
export function isPaused({ rollout: { state } }: Workload): boolean {
  return state === 'paused' || state === 'rollback-paused';
}

/** Whether the service's latest update was given up by the orchestrator. */
export function isHalted(service: Workload): boolean {
  return isPaused(service) || service.rollout.state === 'rolled-back';
}

/**
 * Whether the rollout's update was made. A rollback brings the service's old generation back, so that only what was seen
 * meanwhile, or tasks of the rollout, tell.
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

/** Greater than every generation that is known of the service: a rollback brings old ones back. */
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

/** Names of the secrets, of those whose keys are given, as far as the service still uses them. */
export function secretNames({ bindings }: Pick<ServiceState, 'bindings'>, values: object): readonly string[] {
  return bindings.filter(({ binding }) => binding.key in values).map(({ binding }) => binding.secret.name);
}
