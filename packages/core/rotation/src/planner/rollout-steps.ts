import { backoffMs } from '@vault-swarm/kernel';
import type { ProductEvent } from '@vault-swarm/provider';
import { type BindingState, outdatedTasks, targetsDesired } from '../bindings/binding-state.ts';
import { changedValues, isOfRollout, type OpenRollout, quarantineOf, type Values } from '../ledger/ledger.ts';
import { type SecretVersion, sameValue } from '../ledger/secret-version.ts';
import { type WaitingCode, type WaitingContext, waitingReason } from '../ports/waiting-reason.ts';
import { isKnown } from '../tasks/task-revision.ts';
import {
  type Decision,
  dueBindings,
  isFullyRunning,
  isSettled,
  isStable,
  isUpdating,
  nextGeneration,
  type RollAction,
  type ServiceState,
  secretNames,
  wasApplied,
} from './service-state.ts';

/** Why a rollout failed, for its event. */
export interface Failure {
  readonly reason: Extract<ProductEvent, { type: 'rollout.failed' }>['reason'];
  readonly message: string;
}

const RETRY_FIRST_MS = 5_000;
const RETRY_MAX_MS = 600_000;

/** Nothing to do; the rollout is as given. */
export function noChange({ entry }: ServiceState, rollout: OpenRollout | null = entry.rollout): Decision {
  return { entry: { ...entry, rollout }, roll: null, events: [], waitingReason: null, blocked: false, heldAgainst: {} };
}

/** Nothing to do yet. */
export function wait(serviceState: ServiceState, code: WaitingCode, context?: WaitingContext): Decision {
  return { ...noChange(serviceState), waitingReason: waitingReason(code, context) };
}

/** Nothing to do until the operator, or the user of the service, has done something. */
export function blocked(serviceState: ServiceState, code: WaitingCode, context?: WaitingContext): Decision {
  return { ...wait(serviceState, code, context), blocked: true };
}

/** A paused update is resumed once its tasks have run for this long, in milliseconds. */
const RUNNING_FOR_MS = 10_000;
/** After this time a paused update counts as blocked: a person must act. In milliseconds. */
const NEEDS_HELP_AFTER_MS = 60_000;

/**
 * The same update again, which resumes one that the orchestrator paused, also one of the service's user. Each resume lets the
 * orchestrator stop further tasks, so it is done only once all tasks run that shall.
 *
 * @param events of the failure, if they were not emitted yet.
 */
export function resume(serviceState: ServiceState, open: OpenRollout, events: Decision['events'] = []): Decision {
  const { service, nowMs } = serviceState;
  const blocker = blockerOf(serviceState) ?? unlessSafeToResume(serviceState, open);
  if (blocker !== null) return { ...blocker, entry: { ...blocker.entry, rollout: open }, events };
  const generation = Math.max(open.generation, service.generation);
  const rollout = { ...open, failure: '', generation, attempt: open.attempt + 1, startedAtMs: nowMs };
  return { ...noChange(serviceState, rollout), events, roll: rollTo(serviceState, generation) };
}

function unlessSafeToResume(serviceState: ServiceState, open: OpenRollout): Decision | null {
  const { service, stableForMs, openForMs } = serviceState;
  if (isFullyRunning(service) && stableForMs >= RUNNING_FOR_MS && isCauseGone(serviceState, open)) return null;
  const decide = openForMs < NEEDS_HELP_AFTER_MS ? wait : blocked;
  return decide(serviceState, 'UPDATE_PAUSED_TASKS_DOWN');
}

/**
 * Whether what stopped the rollout is gone. A task that it made and that runs shows it. Without one, which is so where
 * tasks start before the old ones are stopped, the causes must be such that they end by themselves: a secret that was not
 * delivered, which can be now, or a node that went away.
 */
function isCauseGone({ service, entry, failures }: ServiceState, open: OpenRollout): boolean {
  const isOurs = (task: { readonly generation: number }) => isOfRollout({ ...entry, rollout: open }, task.generation);
  if (service.tasks.some((task) => task.state === 'running' && isOurs(task))) return true;
  const causes = (failures ?? []).filter(isOurs);
  return causes.length > 0 && causes.every(({ undelivered, nodeReady }) => undelivered || !nodeReady);
}

/**
 * Why no task of the service may be started now, `null` if they may: each needs all of the service's secrets, whichever
 * of them has changed.
 */
export function blockerOf(serviceState: ServiceState): Decision | null {
  const { unread, undeliverable, bindings } = serviceState;
  if (unread.length > 0) return blocked(serviceState, 'LABELS_INVALID');
  const missing = undeliverable[0];
  if (missing !== undefined) return blocked(serviceState, 'SECRET_UNDELIVERABLE', missing);
  if (isRollbackValueLost(serviceState)) return blocked(serviceState, 'ROLLBACK_VALUE_LOST');
  if (bindings.some(({ desired }) => desired === undefined)) return wait(serviceState, 'NEWEST_VALUE_UNKNOWN');
  return null;
}

/** What the service's own update, which is not of a rollout, is to do first; `null` if it keeps nobody waiting. */
export function blockerByUpdate(serviceState: ServiceState): Decision | null {
  const { state, resumable } = serviceState.service.rollout;
  if (state === 'none' && !isSettled(serviceState)) return wait(serviceState, 'SERVICE_CHANGED');
  if (state !== 'paused' && state !== 'rollback-paused') return null;
  if (!resumable) return blocked(serviceState, 'UPDATE_PAUSED');
  return isStable(serviceState) ? null : wait(serviceState, 'UPDATE_PAUSED_UNSTABLE');
}

/**
 * Why no task may be started with the values that are wanted of these uses: one of them made tasks of another service
 * fail. `null` if there is no such value, or an operator asked for it.
 */
export function hindranceByFailure(serviceState: ServiceState, bindings: readonly BindingState[]): Decision | null {
  const { entry, failedIn } = serviceState;
  for (const { binding, desired } of bindings) {
    if (
      desired === undefined ||
      entry.requested.includes(binding.key) ||
      quarantineOf(entry, binding.key) !== undefined
    )
      continue;
    const service = failedIn(binding.key, desired);
    if (service === undefined) continue;
    return blocked(serviceState, 'VALUE_FAILED_ELSEWHERE', { secret: binding.secret.name, service });
  }
  return null;
}

/** Whether the next attempt may start: the backoff doubles after each. */
export function mayRetry({ openForMs }: ServiceState, { attempt }: OpenRollout): boolean {
  return openForMs >= backoffMs(RETRY_FIRST_MS, RETRY_MAX_MS, attempt);
}

/** Marks the rollout as failed and counts it as an error. It stays as it is. */
export function markFailed(serviceState: ServiceState, open: OpenRollout, failure: Failure): Decision {
  const rollout: OpenRollout = { ...open, state: 'failed', failure: failure.message };
  return { ...noChange(withoutRequests(serviceState, open), rollout), events: [failed(serviceState, open, failure)] };
}

/** Every task has the target of the rollout. If the service uses none of its secrets any more, nothing was rotated. */
export function complete(serviceState: ServiceState, open: OpenRollout): Decision {
  const { service, nowMs } = serviceState;
  const secrets = secretNames(serviceState, changedValues(open));
  if (secrets.length === 0) return noChange(serviceState, null);
  const common = {
    service: service.name,
    secrets,
    generation: open.generation,
    durationMs: Math.max(0, nowMs - (open.direction === 'forward' ? open.changedAtMs : open.startedAtMs)),
  };
  const type = open.direction === 'forward' ? 'rollout.completed' : 'rollback.completed';
  return { ...noChange(withoutRequests(serviceState, open), null), events: [{ type, ...common }] };
}

/** The state without the requests that the rollout has met. */
export function withoutRequests(serviceState: ServiceState, open: OpenRollout): ServiceState {
  const changing = changedValues(open);
  const requested = serviceState.entry.requested.filter((key) => !(key in changing));
  return { ...serviceState, entry: { ...serviceState.entry, requested } };
}

/** Whether a value that the service's tasks must be given can't be had any more: none of them would start. */
function isRollbackValueLost({ entry, bindings, lastGood }: ServiceState): boolean {
  const isUsed = (key: string) => bindings.some(({ binding }) => binding.key === key);
  return entry.quarantines.some((set) =>
    Object.entries(set.lastGood).some(([key, value]) => isUsed(key) && lastGood(key, value) === 'unavailable'),
  );
}

/** The event of a rollout that failed. */
export function failed(serviceState: ServiceState, open: OpenRollout, failure: Failure): ProductEvent {
  const secrets = secretNames(serviceState, changedValues(open));
  return { type: 'rollout.failed', service: serviceState.service.name, secrets, ...failure };
}

/** How a rollout starts. */
interface StartOptions {
  /** Whether it continues a rollout of this service, which takes its place among those that roll at the same time. */
  readonly continues?: boolean;
  readonly attempt?: number;
  /** Further bindings that are part of it though no running task is outdated. */
  readonly also?: readonly BindingState[];
  /** An earlier generation that the service returns to; `null` for a new one. */
  readonly returnTo?: number | null;
}

/**
 * Rolls the service to the desired values of all its outdated secrets. That includes secrets that alone would cause no
 * rollout, since each task that starts gets them too.
 */
export function startRollout(serviceState: ServiceState, options: StartOptions = {}): Decision {
  const { service, entry } = serviceState;
  const { continues = false, attempt = 1, also = [], returnTo = null } = options;
  const before = entry.rollout;
  if (isUpdating(service) && !(before !== null && isStuck(serviceState, before)))
    return wait(serviceState, 'SERVICE_UPDATING');
  const blocker = (before === null ? blockerByUpdate(serviceState) : null) ?? blockerOf(serviceState);
  if (blocker !== null) return blocker;
  if (isHeldByLockdown(serviceState)) return wait(serviceState, 'LOCKDOWN_ACTIVE');
  // What came since the rollout before is new to the tasks, also where none runs that could show it.
  const isLater = (known: BindingState) =>
    before !== null && known.binding.key in before.target && !targetsDesired(before, known);
  const bindings = serviceState.bindings.filter((known) => {
    return outdatedTasks(known).length > 0 || also.includes(known) || isLater(known);
  });
  // The tasks have all that is wanted: a rollout of nothing would have no time at which its change was seen.
  if (bindings.length === 0) return noChange(serviceState, null);
  const brings = bringing(serviceState, bindings);
  // With these it has started already.
  const isInProgress = (known: BindingState) =>
    before !== null && before.state !== 'failed' && targetsDesired(before, known) && wasApplied(serviceState, before);
  const failure = hindranceByFailure(
    serviceState,
    brings.filter((known) => !isInProgress(known)),
  );
  if (failure !== null) return failure;
  if (!hasPlace(serviceState, brings, continues)) return wait(serviceState, 'PARALLEL_LIMIT');
  return newRollout(serviceState, bindings, brings, attempt, returnTo);
}

/** Whether the service may roll at the same time as those that roll. Last good values count for no limit of one value. */
function hasPlace(serviceState: ServiceState, brings: readonly BindingState[], continues: boolean): boolean {
  return continues || serviceState.hasCapacity(isRollback(serviceState, brings) ? {} : desiredVersion(brings));
}

/** The uses whose values are brought to tasks that do not have them; what was changed back is brought to none. */
function bringing(serviceState: ServiceState, bindings: readonly BindingState[]): readonly BindingState[] {
  const others = bindings.filter((known) => known.desired !== undefined && !isReverted(serviceState, known));
  return others.length === 0 ? bindings : others;
}

/** Whether all targets are last good values. */
function isRollback({ entry }: ServiceState, brings: readonly BindingState[]): boolean {
  return brings.every(
    ({ binding, desired }) => desired === undefined || quarantineOf(entry, binding.key) !== undefined,
  );
}

function desiredVersion(bindings: readonly BindingState[]): Values {
  return Object.fromEntries(
    bindings.flatMap(({ binding, desired }) => (desired === undefined ? [] : [[binding.key, desired]])),
  );
}

/** Whether the update that goes on is the one of a rollout that did not succeed, and not one of the service's user since. */
function isStuck({ service }: ServiceState, { state, fingerprint, generation }: OpenRollout): boolean {
  const isOwn = service.fingerprint === fingerprint && service.generation === generation;
  return isOwn && state !== 'open' && service.rollout.state === 'rolling';
}

/**
 * During a lockdown an operator decides which services restart. A rollout that is open is finished, and values that made tasks
 * fail are replaced.
 */
function isHeldByLockdown(serviceState: ServiceState): boolean {
  const { entry, isLockedDown } = serviceState;
  if (!isLockedDown || entry.rollout?.state === 'open') return false;
  const due = dueBindings(serviceState);
  return !due.some(
    ({ binding }) => entry.requested.includes(binding.key) || quarantineOf(entry, binding.key) !== undefined,
  );
}

function newRollout(
  serviceState: ServiceState,
  bindings: readonly BindingState[],
  brings: readonly BindingState[],
  attempt: number,
  earlier: number | null,
): Decision {
  const { service, entry, nowMs } = serviceState;
  const nextUnused = nextGeneration(serviceState);
  const target: Record<string, SecretVersion> = {};
  const lastGood: Record<string, SecretVersion> = {};
  for (const known of serviceState.bindings) {
    const { binding, desired } = known;
    if (desired === undefined) continue;
    target[binding.key] = { revision: desired.revision, digest: desired.digest };
    const before = brings.includes(known) ? rollbackValue(serviceState, known) : desired;
    if (before !== undefined) lastGood[binding.key] = { revision: before.revision, digest: before.digest };
  }
  const isBack = isRollback(serviceState, brings);
  const rollout: OpenRollout = {
    direction: isBack ? 'rollback' : 'forward',
    generation: earlier ?? nextUnused,
    startedAtMs: nowMs,
    changedAtMs: Math.min(...bindings.filter(({ desired }) => desired !== undefined).map(({ seenAtMs }) => seenAtMs)),
    attempt,
    state: 'open',
    failure: '',
    fingerprint: service.fingerprint,
    target,
    lastGood,
  };
  const { generation } = rollout;
  const secrets = brings.filter(({ binding }) => binding.key in target).map(({ binding }) => binding.secret.name);
  return {
    entry: {
      ...entry,
      rollout,
      highestUsedGeneration: earlier === null ? entry.highestUsedGeneration : nextUnused - 1,
    },
    roll: rollTo(serviceState, generation),
    events: [{ type: isBack ? 'rollback.started' : 'rollout.started', service: service.name, secrets, generation }],
    waitingReason: null,
    blocked: false,
    heldAgainst: {},
  };
}

/**
 * Whether the value that the rollout before was to replace is wanted again, so that nothing can be said against it, and
 * nothing is to be given instead.
 */
function isReverted({ entry }: ServiceState, { binding, desired }: BindingState): boolean {
  const before = entry.rollout?.lastGood[binding.key];
  if (before === undefined || desired === undefined || quarantineOf(entry, binding.key) !== undefined) return false;
  return sameValue(before, desired);
}

/**
 * The value that is to be given again if the new one fails. After a rollout that came to nothing it is the one before
 * that; else what most of the tasks hold that are to be replaced, unless tasks have failed with it.
 */
function rollbackValue({ entry }: ServiceState, known: BindingState): SecretVersion | undefined {
  const { key } = known.binding;
  // It is the last good one that is brought.
  if (quarantineOf(entry, key) !== undefined) return undefined;
  const before = entry.rollout?.lastGood[key];
  // One that was given besides, and not brought, says nothing of what was good.
  if (before !== undefined && !(known.desired !== undefined && sameValue(before, known.desired))) return before;
  const { rollout } = entry;
  const failedWith = [
    rollout?.direction === 'forward' ? rollout.target[key] : undefined,
    ...entry.quarantines.map(({ failed }) => failed[key]),
  ];
  const outdated = new Set(outdatedTasks(known));
  const counts = new Map<string, { readonly value: SecretVersion; count: number }>();
  for (const { task, value } of known.actual.toSorted((a, b) => a.task.createdAtMs - b.task.createdAtMs)) {
    const isBad = failedWith.some((bad) => bad !== undefined && sameValue(bad, value));
    if (!outdated.has(task) || !isKnown(value) || isBad) continue;
    const counted = counts.get(value.revision) ?? { value, count: 0 };
    counted.count += 1;
    counts.set(value.revision, counted);
  }
  return [...counts.values()].toSorted((a, b) => b.count - a.count)[0]?.value;
}

/** The update of a service to a generation. */
export function rollTo({ service }: ServiceState, generation: number): RollAction {
  return { serviceId: service.id, serviceName: service.name, version: service.version, generation };
}
