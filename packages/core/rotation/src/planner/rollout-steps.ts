import { backoffMs } from '@vault-swarm/kernel';
import type { ProductEvent, RolloutCause } from '@vault-swarm/provider';
import { type BindingState, outdatedTasks, targetsDesired } from '../bindings/binding-state.ts';
import { changedValues, isOfRollout, type OpenRollout, quarantineOf, type Values } from '../ledger/ledger.ts';
import { isKnown, type SecretVersion, sameValue } from '../ledger/secret-version.ts';
import type { FailedTask } from '../ports/orchestrator.ts';
import { type WaitingCode, type WaitingContext, waitingReason } from '../ports/waiting-reason.ts';
import { causesOf, triggersOf } from './rollout-cause.ts';
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

/** No action. The rollout becomes the given one. */
export function noChange({ entry }: ServiceState, rollout: OpenRollout | null = entry.rollout): Decision {
  return {
    entry: { ...entry, rollout },
    roll: null,
    events: [],
    waitingReason: null,
    blocked: false,
    resumesAtMs: null,
    heldAgainst: {},
  };
}

/** No action yet. */
export function wait(serviceState: ServiceState, code: WaitingCode, context?: WaitingContext): Decision {
  return { ...noChange(serviceState), waitingReason: waitingReason(code, { ...context, words: serviceState.words }) };
}

/** No action until the operator, or the user of the service, acts. */
export function blocked(serviceState: ServiceState, code: WaitingCode, context?: WaitingContext): Decision {
  return { ...wait(serviceState, code, context), blocked: true };
}

/** A further attempt of a rollout is made once its tasks have run for this long, in milliseconds. */
const RUNNING_FOR_MS = 10_000;
/** After this time a paused update counts as blocked: a person must act. In milliseconds. */
const NEEDS_HELP_AFTER_MS = 60_000;

/**
 * Repeats the update, which resumes one that the orchestrator paused. That may also be an update of the user. Each
 * resume lets the orchestrator stop further tasks, so all desired tasks must run first.
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

/** Whether all desired tasks have run long enough that an attempt may stop further tasks. */
export function runForLong({ service, stableForMs }: ServiceState): boolean {
  return isFullyRunning(service) && stableForMs >= RUNNING_FOR_MS;
}

function unlessSafeToResume(serviceState: ServiceState, open: OpenRollout): Decision | null {
  const { openForMs } = serviceState;
  if (runForLong(serviceState) && isCauseGone(serviceState, open)) return null;
  const decide = openForMs < NEEDS_HELP_AFTER_MS ? wait : blocked;
  return decide(serviceState, 'UPDATE_PAUSED_TASKS_DOWN');
}

/**
 * Whether the cause of the halt is gone. A running task of the rollout proves it. There is none if new tasks must start
 * before old ones are stopped. Then every cause must be one that ends by itself: a secret that was not delivered and
 * can be now, or a node that was lost.
 */
function isCauseGone({ service, entry, failures }: ServiceState, open: OpenRollout): boolean {
  const isOurs = (task: { readonly generation: number }) => isOfRollout({ ...entry, rollout: open }, task.generation);
  if (service.tasks.some((task) => task.state === 'running' && isOurs(task))) return true;
  const causes = (failures ?? []).filter(isOurs);
  // A global service has no desired number of tasks. If no task of the rollout is left, the failed ones are not restarted.
  const mayBeMissing = service.desiredTasks === null;
  const endsByItself = (cause: FailedTask) => !cause.nodeReady || (cause.undelivered && !mayBeMissing);
  return causes.length > 0 && causes.every(endsByItself);
}

/**
 * Why no task of the service may be started now; `null` if tasks may start. A task needs all secrets of the service, so
 * each of them can block.
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

/** Why a rollout must wait for a change that the orchestrator may not have taken up yet; `null` if there is none. */
function blockerByChange(serviceState: ServiceState): Decision | null {
  const isTakenUp = serviceState.service.rollout.state !== 'none' || isSettled(serviceState);
  return isTakenUp ? null : wait(serviceState, 'SERVICE_CHANGED');
}

/** Why a rollout must wait for an update that is not part of a rollout; `null` if it need not wait. */
export function blockerByUpdate(serviceState: ServiceState): Decision | null {
  const { state, resumable } = serviceState.service.rollout;
  const change = blockerByChange(serviceState);
  if (change !== null) return change;
  if (state !== 'paused' && state !== 'rollback-paused') return null;
  if (!resumable) return blocked(serviceState, 'UPDATE_PAUSED');
  return isStable(serviceState) ? null : wait(serviceState, 'UPDATE_PAUSED_UNSTABLE');
}

/**
 * Why no task may be started with the desired values of these bindings: one value made tasks of another service fail.
 * `null` if there is no such value, or an operator requested it.
 */
export function blockerByFailure(serviceState: ServiceState, bindings: readonly BindingState[]): Decision | null {
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

/**
 * Whether the next attempt may start: the backoff doubles after each. Before a credential of the tasks ends, there is
 * time for a few attempts.
 */
export function mayRetry(
  { openForMs, nowMs, leaseEndMs = Number.POSITIVE_INFINITY }: ServiceState,
  { attempt }: OpenRollout,
): boolean {
  const mostMs = Math.max(RETRY_FIRST_MS, Math.min(RETRY_MAX_MS, (leaseEndMs - nowMs) / 8));
  return openForMs >= backoffMs(RETRY_FIRST_MS, mostMs, attempt);
}

/** Marks the rollout as failed and counts it as an error. The service is not changed. */
export function markFailed(serviceState: ServiceState, open: OpenRollout, failure: Failure): Decision {
  const rollout: OpenRollout = { ...open, state: 'failed', failure: failure.message };
  return { ...noChange(withoutRequests(serviceState, open), rollout), events: [failed(serviceState, open, failure)] };
}

/** Completes the rollout: every task has its target. If the service uses none of its secrets any more, nothing was rotated. */
export function complete(serviceState: ServiceState, open: OpenRollout): Decision {
  const { service, nowMs } = serviceState;
  const secrets = secretNames(serviceState, changedValues(open));
  if (secrets.length === 0) return noChange(serviceState, null);
  const common = {
    service: service.name,
    secrets,
    generation: open.generation,
    cause: causeOf(serviceState, open),
    durationMs: Math.max(0, nowMs - (open.direction === 'forward' ? open.changedAtMs : open.startedAtMs)),
  };
  const type = open.direction === 'forward' ? 'rollout.completed' : 'rollback.completed';
  return { ...noChange(withoutRequests(serviceState, open), null), events: [{ type, ...common }] };
}

/** The state without the requests that the rollout fulfilled. */
export function withoutRequests(serviceState: ServiceState, open: OpenRollout): ServiceState {
  const changing = changedValues(open);
  const requested = serviceState.entry.requested.filter((key) => !(key in changing));
  return { ...serviceState, entry: { ...serviceState.entry, requested } };
}

/** Whether a last good value that tasks must be given is no longer available: no task of the service would start. */
function isRollbackValueLost({ entry, bindings, lastGood }: ServiceState): boolean {
  const isUsed = (key: string) => bindings.some(({ binding }) => binding.key === key);
  return entry.quarantines.some((set) =>
    Object.entries(set.lastGood).some(([key, value]) => isUsed(key) && lastGood(key, value) === 'unavailable'),
  );
}

/** The event of a rollout that failed. */
export function failed(serviceState: ServiceState, open: OpenRollout, failure: Failure): ProductEvent {
  const secrets = secretNames(serviceState, changedValues(open));
  const cause = causeOf(serviceState, open);
  return { type: 'rollout.failed', service: serviceState.service.name, secrets, cause, ...failure };
}

function causeOf({ bindings }: ServiceState, open: OpenRollout): readonly RolloutCause[] {
  return causesOf(
    open,
    bindings.map(({ binding }) => binding),
  );
}

/** How a rollout starts. */
interface StartOptions {
  /** Whether it continues a rollout of this service and keeps its place. The number of parallel rollouts is limited. */
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
  const byUser = before === null ? blockerByUpdate(serviceState) : null;
  // A failed rollout is not in progress, so the latest change is of the user.
  const byChange = before?.state === 'failed' ? blockerByChange(serviceState) : null;
  const blocker = byUser ?? byChange ?? blockerOf(serviceState);
  if (blocker !== null) return blocker;
  if (isHeldByLockdown(serviceState)) return wait(serviceState, 'LOCKDOWN_ACTIVE');
  // A value that changed since the previous rollout is new to the tasks, even if no running task shows it.
  const isLater = (known: BindingState) =>
    before !== null && known.binding.key in before.target && !targetsDesired(before, known);
  // Tasks of an earlier generation keep what they have.
  const isPart = (known: BindingState) => returnTo === null && (outdatedTasks(known).length > 0 || isLater(known));
  const bindings = serviceState.bindings.filter((known) => also.includes(known) || isPart(known));
  // The tasks have all desired values. An empty rollout would have no time at which its change was seen.
  if (bindings.length === 0) return noChange(serviceState, null);
  const brings = bringing(serviceState, bindings);
  // A rollout with these values has already started.
  const isInProgress = (known: BindingState) =>
    before !== null && before.state !== 'failed' && targetsDesired(before, known) && wasApplied(serviceState, before);
  const failure = blockerByFailure(
    serviceState,
    brings.filter((known) => !isInProgress(known)),
  );
  if (failure !== null) return failure;
  if (!hasPlace(serviceState, brings, continues)) return wait(serviceState, 'PARALLEL_LIMIT');
  return newRollout(serviceState, bindings, brings, attempt, returnTo);
}

/**
 * Whether the service may roll in parallel with those that roll now. The limit per value does not apply to last good
 * values.
 */
function hasPlace(serviceState: ServiceState, brings: readonly BindingState[], continues: boolean): boolean {
  return continues || serviceState.hasCapacity(isRollback(serviceState, brings) ? {} : desiredVersion(brings));
}

/**
 * The bindings whose desired values are new to their tasks. A value that changed back is not new. If no binding is
 * left, all count.
 */
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

/** Whether the running update belongs to a rollout that did not succeed, and is not a later one of the user. */
function isStuck({ service }: ServiceState, { state, fingerprint, generation }: OpenRollout): boolean {
  const isOwn = service.fingerprint === fingerprint && service.generation === generation;
  return isOwn && state !== 'open' && service.rollout.state === 'rolling';
}

/**
 * During a lockdown an operator decides which services restart. Open rollouts are still completed. Values that made
 * tasks fail are still replaced, and so are credentials that end.
 */
function isHeldByLockdown(serviceState: ServiceState): boolean {
  const { entry, isLockedDown } = serviceState;
  if (!isLockedDown || entry.rollout?.state === 'open') return false;
  const due = dueBindings(serviceState);
  return !due.some(
    ({ binding }) =>
      entry.requested.includes(binding.key) ||
      quarantineOf(entry, binding.key) !== undefined ||
      (binding.ref.lease !== undefined && serviceState.noticed(binding.key)?.by === 'lease'),
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
    triggers: triggersOf(serviceState, brings, isBack),
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
    events: [
      {
        type: isBack ? 'rollback.started' : 'rollout.started',
        service: service.name,
        secrets,
        generation,
        cause: causeOf(serviceState, rollout),
      },
    ],
    waitingReason: null,
    blocked: false,
    resumesAtMs: null,
    heldAgainst: {},
  };
}

/**
 * Whether the value that the previous rollout replaced is desired again. Such a value is known to be good, so it needs
 * no value to roll back to.
 */
function isReverted({ entry }: ServiceState, { binding, desired }: BindingState): boolean {
  const hasFailed = entry.rollout?.direction === 'rollback' && entry.rollout.state === 'failed';
  const before =
    entry.rollout?.lastGood[binding.key] ?? (hasFailed ? undefined : broughtBack(entry.rollout, binding.key));
  if (before === undefined || desired === undefined || quarantineOf(entry, binding.key) !== undefined) return false;
  return sameValue(before, desired);
}

/**
 * The last good value that a rollback brings. Its quarantine may have ended for a newer value meanwhile. `undefined` if
 * no rollback brings one.
 */
function broughtBack(rollout: OpenRollout | null, key: string): SecretVersion | undefined {
  return rollout?.direction === 'rollback' ? rollout.target[key] : undefined;
}

/**
 * The value to roll back to if the new one fails. After a rollout that did not succeed, it is the last good value of
 * that rollout. Otherwise it is the value that most outdated tasks have, except values that made tasks fail.
 */
function rollbackValue({ entry }: ServiceState, known: BindingState): SecretVersion | undefined {
  const { key } = known.binding;
  // The rollout brings the last good value.
  if (quarantineOf(entry, key) !== undefined) return undefined;
  const { rollout } = entry;
  const isDesired = (value: SecretVersion) => known.desired !== undefined && sameValue(value, known.desired);
  const before = rollout?.lastGood[key];
  // A value that was only delivered along with the others, and did not change, does not count as good.
  if (before !== undefined && !isDesired(before)) return before;
  // The other tasks may still have the value that failed.
  const back = before === undefined ? broughtBack(rollout, key) : undefined;
  if (back !== undefined) return isDesired(back) ? undefined : back;
  const failedWith = [
    rollout?.direction === 'forward' ? rollout.target[key] : undefined,
    ...entry.quarantines.map(({ failed }) => failed[key]),
    entry.failedBefore[key],
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
