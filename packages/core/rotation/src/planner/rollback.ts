import type { ProductEvent } from '@vault-swarm/provider';
import { type BindingState, isNewer, isOutdated, outdatedTasks } from '../bindings/binding-state.ts';
import { changedValues, type OpenRollout, type Quarantine, quarantineOf, type Values } from '../ledger/ledger.ts';
import { isOfRef } from '../ledger/secret-version.ts';
import { blockerByFailure } from './blockers.ts';
import { after, afterFailure, blocked, type Decision, noChange, wait } from './decision.ts';
import { isGivenKnown, isRolledBackByUser } from './failure-cause.ts';
import { release } from './quarantine.ts';
import { type Failure, failed, markFailed, withoutRequests } from './rollout-steps.ts';
import {
  awaitsTasks,
  dueBindings,
  isPaused,
  isStable,
  isUndone,
  isUpToDate,
  type ServiceState,
  secretNames,
} from './service-state.ts';
import { startRollout } from './start-rollout.ts';

/**
 * Quarantines the rollout's values for this service, and gives its tasks the last good ones. This takes a further
 * rollout, unless the orchestrator has already rolled the service back.
 *
 * @param failure the failure to report, or `null` if it was already reported.
 */
export function rollBackValues(serviceState: ServiceState, open: OpenRollout, failure: Failure | null): Decision {
  const { service, bindings, policy, entry } = serviceState;
  const asFailed = () =>
    failure === null ? blocked(serviceState, 'VALUE_FAILED') : markFailed(serviceState, open, failure);
  // The last good values fail too, so the values are not the cause.
  if (open.direction === 'rollback') return asFailed();
  const changing = changedValues(open);
  const ofRollout = bindings.filter(({ binding }) => binding.key in changing);
  const failedKeys = ofRollout
    .map(({ binding }) => binding.key)
    .filter((key) => quarantineOf(entry, key) === undefined);
  // The failure of what is in quarantine was reported, and the rollback waits to start.
  const isReported = failure === null || failedKeys.length === 0;
  const events = isReported ? [] : [failed(serviceState, open, failure)];
  // Another secret of the service may be the cause. This is possible if the tasks of the rollback, with the last good
  // values, failed too. It is also possible if it is unknown what the failed tasks were given: it may have been a newer
  // value.
  const isByUser = isRolledBackByUser(serviceState, open);
  const isUnclear =
    service.rollout.state === 'rollback-paused' || (failure !== null && !isByUser && !isGivenKnown(serviceState, open));
  const later = bindings.filter((known) => isOutdated(open, known));
  const isOther = (isUnclear && later.length > 0) || ofRollout.some((known) => isNewer(open, known));
  if (isOther && blockerByFailure(serviceState, later) === null) {
    // Tasks that restarted for another reason already have the newer values. They need no rollout, but they may fail
    // too.
    if (isUpToDate(serviceState))
      return isStable(serviceState) ? after(events, noChange(serviceState, null)) : noChange(serviceState);
    if (getNewerThemselves(serviceState, open, later)) return after(events, noChange(serviceState, null));
    // One of the values is newer by now, so the new set is tried.
    return afterFailure(events, open, startRollout(serviceState, { continues: true, also: ofRollout }));
  }
  const isRolledBack =
    isUndone(serviceState, open) || ['rolled-back', 'rollback-paused'].includes(service.rollout.state);
  if (!isRolledBack && (service.onFailure ?? policy.onFailure) === 'pause') return asFailed();
  // The rollout brought only last good values.
  if (failedKeys.length === 0) return asFailed();
  const availability = failedKeys.map((key) => {
    const value = open.lastGood[key];
    return value === undefined ? 'unavailable' : serviceState.lastGood(key, value);
  });
  if (availability.includes('unavailable')) {
    const message = `${failure?.message ?? open.failure}; its last good values can't be had any more`;
    return failure === null
      ? blocked(serviceState, 'VALUE_FAILED')
      : markFailed(serviceState, open, { ...failure, message });
  }
  const heldAgainst = isByUser ? {} : pick(open.target, failedKeys);
  if (availability.includes('unknown')) return { ...wait(serviceState, 'ROLLBACK_VALUE_UNKNOWN'), heldAgainst };
  // A newer value of a secret that the rollout does not change would not end the quarantine.
  const isUnread = ({ binding: { key }, desired }: BindingState) =>
    desired === undefined && key in open.target && !(key in changing);
  if (isUnclear && bindings.some(isUnread)) return { ...wait(serviceState, 'NEWEST_VALUE_UNKNOWN'), heldAgainst };
  const set: Quarantine = {
    failed: pick(open.target, failedKeys),
    lastGood: pick(open.lastGood, failedKeys),
    sinceMs: serviceState.nowMs,
    reason: failure?.message ?? open.failure,
    isByUser,
  };
  const met = withoutRequests(serviceState, open, isOutdated).entry;
  const next = {
    ...serviceState,
    entry: { ...met, quarantines: [...entry.quarantines, set] },
    bindings: bindings.map(goBack(set)),
  };
  const reported: ProductEvent = {
    type: 'quarantine.started',
    service: service.name,
    secrets: secretNames(serviceState, set.failed),
    message: set.reason,
  };
  // If the orchestrator rolled back a later update, the tasks are those of our rollout and are not back.
  const isBack = isUndone(serviceState, open) && dueBindings(next).length === 0;
  if (isBack) return after([...events, reported], noChange(next, null));
  const concerned = next.bindings.filter(({ binding }) => binding.key in set.failed);
  const returnTo = generationToReturnTo(next, open);
  // The rollback would only end the pause. It is intended now, and made once no task starts: it may stop any task first.
  const isWaiting = returnTo === null && isPaused(service) && awaitsTasks(next);
  const decision = startRollout(next, { continues: true, also: concerned, returnTo });
  return after([...events, reported], isWaiting ? { ...decision, roll: null } : decision);
}

/**
 * Whether every task that starts is given the newer values without a further rollout, and no running task has another
 * one: the labels name another ref since, to which the rollout's values do not apply.
 */
function getNewerThemselves(
  { bindings }: ServiceState,
  { target }: OpenRollout,
  later: readonly BindingState[],
): boolean {
  const isOfOtherRef = ({ binding: { key, refKey } }: BindingState) => {
    const value = target[key];
    return value !== undefined && !isOfRef(value, refKey);
  };
  return later.every(isOfOtherRef) && bindings.every((known) => outdatedTasks(known).length === 0);
}

/**
 * Starts a rollout after the last good values failed as well. It also tries the quarantined values again: they were not
 * the cause.
 */
export function startWithoutRollbackValues(serviceState: ServiceState, back: OpenRollout): Decision {
  const { service, entry, bindings } = serviceState;
  const changing = changedValues(back);
  const sets = entry.quarantines.filter(({ failed }) => Object.keys(failed).some((key) => key in changing));
  const failed: Values = Object.assign({}, ...sets.map((set) => set.failed));
  const tried = bindings.map((known) => {
    const desired = failed[known.binding.key];
    return desired === undefined ? known : { ...known, desired };
  });
  const next = { ...serviceState, entry: release(entry, { service, bindings: [] }, sets), bindings: tried };
  const decision = startRollout(next, { also: tried.filter(({ binding }) => binding.key in changing) });
  if (decision.roll === null) return { ...decision, entry };
  if (sets.length === 0) return decision;
  const secrets = secretNames(serviceState, failed);
  return after([{ type: 'quarantine.ended', service: service.name, secrets, reason: 'newer' }], decision);
}

/**
 * The generation of the running tasks that have the last good values. If the rollback returns to it, the orchestrator
 * replaces only tasks of other generations, as in its own rollback. `null` if the service was changed since, or no such
 * task is left.
 */
function generationToReturnTo(serviceState: ServiceState, open: OpenRollout): number | null {
  const { service } = serviceState;
  if (service.fingerprint !== open.fingerprint || service.generation < open.generation) return null;
  const outdated = new Set(
    dueBindings(serviceState)
      .flatMap(outdatedTasks)
      .map(({ id }) => id),
  );
  const good = service.tasks.filter(
    ({ id, state, generation }) => state === 'running' && generation < open.generation && !outdated.has(id),
  );
  const counts = Map.groupBy(good, ({ generation }) => generation);
  const [most] = [...counts].toSorted(([, a], [, b]) => b.length - a.length);
  return most?.[0] ?? null;
}

/** The desired value of a secret once the set is quarantined. */
function goBack({ lastGood, sinceMs }: Quarantine): (known: BindingState) => BindingState {
  return (known) => {
    const desired = lastGood[known.binding.key];
    return desired === undefined ? known : { ...known, desired, seenAtMs: sinceMs };
  };
}

function pick(values: Values, keys: readonly string[]): Values {
  return Object.fromEntries(Object.entries(values).filter(([key]) => keys.includes(key)));
}
