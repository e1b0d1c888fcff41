import { type BindingState, outdatedTasks, targetsDesired } from '../bindings/binding-state.ts';
import { type OpenRollout, quarantineOf, type Values } from '../ledger/ledger.ts';
import { type SecretVersion, sameValue } from '../ledger/secret-version.ts';
import { blockerByChange, blockerByFailure, blockerByUpdate, blockerOf } from './blockers.ts';
import { type Decision, noChange, rollTo, wait } from './decision.ts';
import { broughtBack, isUnproven, rollbackValue } from './rollback-value.ts';
import { causeOf, triggersOf } from './rollout-cause.ts';
import { dueBindings, isUpdating, nextGeneration, type ServiceState, wasApplied } from './service-state.ts';

/** How a rollout starts. */
interface StartOptions {
  /** Whether it continues a rollout of this service and keeps its place, unless that was stuck. */
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
  // A rollback does not wait: its tasks have a value that fails.
  const isBack = brings.some(({ binding }) => quarantineOf(entry, binding.key) !== undefined);
  const unproven = isBack ? undefined : brings.find((known) => isUnproven(serviceState, known));
  if (unproven !== undefined) return wait(serviceState, 'VALUE_UNPROVEN', { secret: unproven.binding.secret.name });
  if (!hasPlace(serviceState, brings, continues)) return wait(serviceState, 'PARALLEL_LIMIT');
  return newRollout(serviceState, bindings, brings, attempt, returnTo);
}

/**
 * Whether the service may roll in parallel with those that roll now. A stuck rollout gave up its place to other services.
 * Last good values need no place after a rollout that failed, and the limit per value does not apply to them.
 */
function hasPlace(serviceState: ServiceState, brings: readonly BindingState[], continues: boolean): boolean {
  const isBack = isRollback(serviceState, brings);
  const keepsPlace = continues && (isBack || serviceState.entry.rollout?.state !== 'stuck');
  return keepsPlace || serviceState.hasCapacity(isBack ? {} : desiredValues(brings));
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

function desiredValues(bindings: readonly BindingState[]): Values {
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
      // Requests from before the start are fulfilled together.
      requested: [...new Set(entry.requested)],
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
