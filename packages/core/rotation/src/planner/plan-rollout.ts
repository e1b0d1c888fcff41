import { inWords } from '@vault-swarm/provider';
import {
  type BindingState,
  isNewer,
  isOutdated,
  pendingTasks,
  targetsDesired,
  waitsForNodes,
} from '../bindings/binding-state.ts';
import { rotatesAutomatically } from '../bindings/secret-binding.ts';
import { changedValues, isOfRollout, type OpenRollout, quarantineOf, undoneGeneration } from '../ledger/ledger.ts';
import type { FailedTask } from '../ports/orchestrator.ts';
import { describeFailures } from '../tasks/describe-failures.ts';
import { blockerByFailure, blockerByUpdate, blockerOf } from './blockers.ts';
import { blocked, type Decision, noChange, rollTo, wait } from './decision.ts';
import { isCausedByValues } from './failure-cause.ts';
import { planHalted } from './halted-rollout.ts';
import { phaseOf } from './phase.ts';
import { rollBackValues, startWithoutRollbackValues } from './rollback.ts';
import { complete, type Failure, failed, mayRetry, resume, runForLong } from './rollout-steps.ts';
import {
  awaitsTasks,
  dueBindings,
  isFullyRunning,
  isPaused,
  isScaledToZero,
  isSettled,
  isStable,
  isUndone,
  isUpdating,
  isUpToDate,
  type ServiceState,
  wasApplied,
} from './service-state.ts';
import { startRollout } from './start-rollout.ts';
import { blockerByTime } from './start-times.ts';

/**
 * This many tasks of a rollout must fail before its values are blamed, if the orchestrator does not halt
 * the update. It continues after a failure if the service is configured so, and reports nothing about an update that it
 * resumed.
 */
const FAILURES_OF_A_BAD_VALUE = 2;

/** Decides about one service: start a rollout, watch it, complete it, roll it back, or mark it as failed. */
export function planRollout(serviceState: ServiceState): Decision {
  const phase = phaseOf(serviceState);
  switch (phase.kind) {
    case 'none':
      return planNext(serviceState);
    case 'unresolved':
      return blocked(serviceState, 'LABELS_INVALID');
    case 'unused':
      return noChange(serviceState, null);
    case 'failed':
      return planFailed(serviceState, phase.open);
    case 'rejected':
      return planRejected(serviceState, phase.open, phase.reason);
    case 'intended':
      return planIntended(serviceState, phase.open);
    case 'halted':
      return planHalted(serviceState, phase.open);
    case 'applied':
      return planApplied(serviceState, phase.open);
  }
}

/** No rollout is open: starts one if it is due. */
function planNext(serviceState: ServiceState): Decision {
  if (dueBindings(serviceState).length === 0) return noChange(serviceState);
  return blockerByTime(serviceState) ?? blockerByPace(serviceState) ?? startRollout(serviceState);
}

/**
 * A service whose secrets change faster than it rolls has to pause between rollouts. Manual rotations and rollbacks
 * never pause.
 */
function blockerByPace(serviceState: ServiceState): Decision | null {
  const { pauseMs, entry } = serviceState;
  const isOwn = ({ binding: { key } }: BindingState) =>
    !entry.requested.includes(key) && quarantineOf(entry, key) === undefined;
  if (pauseMs <= 0 || !dueBindings(serviceState).every(isOwn)) return null;
  return blocked(serviceState, 'ROTATION_TOO_FREQUENT');
}

/** The orchestrator rejected the update, for example because a network is gone. The failure is counted once, and retried. */
function planRejected(serviceState: ServiceState, open: OpenRollout, message: string): Decision {
  const events = open.state === 'open' ? [failed(serviceState, open, { reason: 'rejected', message })] : [];
  return { ...noChange(serviceState, { ...open, state: 'stuck', failure: message }), events };
}

/** Whether a rejected update may be retried. It restarted no task, and the user may have fixed the cause. */
function mayAskAgain(serviceState: ServiceState, open: OpenRollout): boolean {
  const isChanged = serviceState.unchangedForMs < serviceState.openForMs && isSettled(serviceState);
  return isChanged || mayRetry(serviceState, open);
}

/** The ledger has the intent, but the update was not made: the process ended in between, or another update was first. */
function planIntended(serviceState: ServiceState, open: OpenRollout): Decision {
  const { service, rejection } = serviceState;
  const due = dueBindings(serviceState);
  // The tasks that a user's own update starts must get the newest values at once.
  if (isUpdating(service)) return noChange(serviceState, null);
  const mustResume = open.direction === 'rollback' && isPaused(service);
  if (due.length === 0 && !mustResume) return noChange(serviceState, null);
  const stopped = stoppedIntent(serviceState, open);
  if (stopped !== null) return stopped;
  const { rollout, events } = stuckIfLate(serviceState, open);
  const intended = { ...serviceState, entry: { ...serviceState.entry, rollout } };
  const downBlocker = due.length === 0 && awaitsTasks(serviceState) ? wait(intended, 'TASKS_DOWN') : null;
  const blocker = blockerByUser(intended, open) ?? blockerOf(intended) ?? downBlocker;
  if (blocker !== null) return { ...blocker, events };
  const undone = undoneGeneration(serviceState.entry);
  const isRunning = service.tasks.some(
    ({ state, generation }) => state === 'running' && generation === open.generation,
  );
  const isOther = undone !== null && (service.generation !== undone || !isRunning);
  // Another update was first and has the generation, or had it until the orchestrator rolled it back.
  const others = [service, ...service.tasks, ...(serviceState.failures ?? [])];
  const isTaken = undone === null && others.some(({ generation }) => generation >= open.generation);
  // A rejected or stuck rollout gave up its place to other services. It restarted no task, so it must wait for its time.
  const continues = open.state === 'open';
  const blockerOfTime = continues || open.direction === 'rollback' ? null : blockerByTime(intended);
  if (blockerOfTime !== null) return { ...blockerOfTime, events };
  if (isOther || isTaken || due.some((known) => !targetsDesired(open, known)))
    return startRollout(serviceState, { continues });
  const isAgain = rejection !== undefined;
  if (isAgain && !mayAskAgain(serviceState, open)) return blocked(serviceState, 'UPDATE_REJECTED');
  if (!continues && !serviceState.hasCapacity(changedValues(open))) return wait(serviceState, 'PARALLEL_LIMIT');
  const attempt = isAgain ? rollout.attempt + 1 : rollout.attempt;
  const next = { ...rollout, attempt, fingerprint: service.fingerprint };
  return { ...noChange(serviceState, next), events, roll: rollTo(serviceState, open.generation) };
}

/**
 * Why an intended update is not made any more: its value made tasks of another service fail. `null` if nothing stops
 * it. The intent stays in the ledger, since an update with an unknown outcome may be applied later. It takes no place.
 */
export function stoppedIntent(serviceState: ServiceState, open: OpenRollout): Decision | null {
  if (open.direction === 'rollback' || wasApplied(serviceState, open)) return null;
  const changing = changedValues(open);
  const bindings = serviceState.bindings.filter(
    (known) => known.binding.key in changing && targetsDesired(open, known),
  );
  return blockerByFailure(serviceState, bindings);
}

/** A change of the user that the intent must not overtake; `null` if there is none. */
function blockerByUser(serviceState: ServiceState, open: OpenRollout): Decision | null {
  const { service } = serviceState;
  const isRepeated = open.attempt > 1 && serviceState.rejection === undefined;
  const isOwn = service.fingerprint === open.fingerprint && (open.direction === 'rollback' || isRepeated);
  if (isOwn) return null;
  return blockerByUpdate(serviceState);
}

function planApplied(serviceState: ServiceState, open: OpenRollout): Decision {
  const { service, bindings, failures } = serviceState;
  if (!isUpdating(service) && waitsForNodes(open, bindings)) {
    const isNewerDue = dueBindings(serviceState).some((known) => !targetsDesired(open, known));
    if (!isNewerDue) return blocked(serviceState, 'NODE_PAUSED');
    return blockerByTime(serviceState) ?? startRollout(serviceState);
  }
  const without = bindings.flatMap((known) => pendingTasks(open, known));
  // It is completed once this is seen for long enough: the process may not have been able to look before.
  const isReached = !isUpdating(service) && without.length === 0 && isFullyRunning(service);
  const { rollout, events } = isReached ? { rollout: open, events: [] } : stuckIfLate(serviceState, open);
  const unchanged = { ...noChange(serviceState, rollout), events };
  const due = dueBindings(serviceState);
  // A rollout that was stuck before its update was made has had no time yet.
  const isLate = open.state === 'stuck' && serviceState.openForMs > serviceState.policy.stuckAfterMs;
  const isOurs = ({ generation }: { readonly generation: number }) => isOfRollout(serviceState.entry, generation);
  const isSuperseded = isLate && due.some((known) => !targetsDesired(open, known));
  // The orchestrator waits for a task that does not start, which a newer value does not change. A further update would
  // first stop tasks that run.
  const isAwaited = isUpdating(service) && !isFullyRunning(service) && failures?.some(isOurs) !== true;
  if (isSuperseded && isAwaited) return wait(serviceState, 'TASKS_DOWN');
  // An update is reported only a moment after the service was changed.
  const isPosted = service.rollout.state === 'none' && !isSettled(serviceState);
  if (isSuperseded && !isPosted && blockerByFailure(serviceState, due) === null) return startRollout(serviceState);
  if (isUpdating(service) || isPosted) return unchanged;
  if (service.generation < open.generation) return planUndone(serviceState, open, unchanged);
  // An earlier generation that the rollback returns to may have failed tasks from before.
  const isReturn = undoneGeneration(serviceState.entry) !== null;
  const isBad = (task: FailedTask) => isOurs(task) && isCausedByValues(serviceState, open, task);
  const bad = failures?.filter((task) => isBad(task) && !(isReturn && task.endedAtMs < open.startedAtMs)) ?? [];
  if (bad.length >= FAILURES_OF_A_BAD_VALUE) {
    return rollBackValues(serviceState, open, { reason: 'paused', message: describeFailures(bad) ?? '' });
  }
  const hasFailed = failures?.some((task) => isOurs(task) && task.started) === true;
  // The failures after a change of the user may be caused by it. Tasks that start again get the newer values.
  const isChanged = service.fingerprint !== open.fingerprint;
  if (isChanged && hasFailed && !isStable(serviceState) && bindings.some((known) => isOutdated(open, known))) {
    const failure: Failure = { reason: 'paused', message: describeFailures((failures ?? []).filter(isOurs)) ?? '' };
    return { ...noChange(serviceState, null), events: [failed(serviceState, open, failure)] };
  }
  // If no state is reported, the update may not have started. After a change of the leader, completion is reported
  // even while the tasks of every slot fail repeatedly: the new leader checks only for slots with tasks of another
  // generation.
  const isVague = (service.rollout.state === 'none' || hasFailed) && !isStable(serviceState);
  const completeIfRunning = () => (isVague || !isFullyRunning(service) ? unchanged : complete(serviceState, open));
  if (without.length === 0) {
    return isScaledToZero(service) ? noChange(serviceState, null) : completeIfRunning();
  }
  const isOfEarlier = !without.every(isOurs);
  const isThrough = service.rollout.state === 'completed' || (isStable(serviceState) && !isOfEarlier);
  if (!isThrough || isOfEarlier) {
    // A resumed update is forgotten if it was resumed while a slot was still updated. It needs another request.
    // This also happens if the user resumes the update.
    const isForgotten = service.rollout.state === 'none' && isSettled(serviceState) && mayRetry(serviceState, open);
    return isForgotten ? resume(serviceState, open) : unchanged;
  }
  // The update is completed, but tasks of this rollout have other revisions than intended. It may not be known yet what is due.
  const isUnknown = bindings.some((known) => known.desired === undefined && pendingTasks(open, known).length > 0);
  if (isUnknown) return { ...unchanged, waitingReason: blockerOf(serviceState)?.waitingReason ?? null };
  if (due.length === 0) return completeIfRunning();
  // Each attempt lets the orchestrator stop further tasks.
  if (!runForLong(serviceState)) return unchanged;
  if (!mayRetry(serviceState, open)) return wait(serviceState, 'BACKOFF_INCOMPLETE');
  return startRollout(serviceState, { continues: true, attempt: open.attempt + 1 });
}

/**
 * The rollout was rolled back, and the service was changed since. The rollback is no longer reported. It still counts if
 * the change restarted no task, for example a change of labels.
 */
function planUndone(serviceState: ServiceState, open: OpenRollout, unchanged: Decision): Decision {
  if (!isSettled(serviceState)) return unchanged;
  if (isUndone(serviceState, open) && serviceState.service.fingerprint === open.fingerprint)
    return planHalted(serviceState, open);
  if (dueBindings(serviceState).length === 0) return noChange(serviceState, null);
  if (!mayRetry(serviceState, open)) return unchanged;
  return startRollout(serviceState, { continues: true, attempt: open.attempt + 1 });
}

/** A rollout that takes too long is counted once as stuck. It is still watched. */
function stuckIfLate(
  serviceState: ServiceState,
  open: OpenRollout,
): { readonly rollout: OpenRollout; readonly events: Decision['events'] } {
  const { openForMs, policy } = serviceState;
  if (open.state !== 'open' || openForMs <= policy.stuckAfterMs) return { rollout: open, events: [] };
  const message = whyStuck(serviceState, open);
  const failure: Failure = { reason: 'stuck', message };
  return { rollout: { ...open, state: 'stuck', failure: message }, events: [failed(serviceState, open, failure)] };
}

/** The orchestrator's reason: of a task that does not start, else of a failed task, else of the update. */
function whyStuck({ service, failures, words }: ServiceState, open: OpenRollout): string {
  const waiting = service.tasks.find(({ state, reason }) => state === 'starting' && reason !== '')?.reason;
  const ended = describeFailures((failures ?? []).filter(({ generation }) => generation === open.generation));
  const what = isFullyRunning(service) ? 'its {TASK}s are not replaced' : 'its {TASK}s do not start';
  return waiting ?? ended ?? (service.rollout.message || inWords(what, words));
}

/**
 * Whether a failed rollout no longer matters: no task is desired, or the orchestrator undid it and the user changed the
 * service since. The tasks of that change get the newest values. The old service configuration may have caused the
 * failure, and the previous values may be what the user wants to remove.
 */
function isForgotten({ service }: ServiceState, open: OpenRollout): boolean {
  if (service.desiredTasks === 0) return !isUpdating(service);
  const isEarlier = open.direction === 'forward' && service.generation < open.generation;
  return isEarlier && service.fingerprint !== open.fingerprint;
}

/** Whether no value of the rollout's secrets is quarantined any more. */
function changedAreReleased({ entry }: ServiceState, open: OpenRollout): boolean {
  return Object.keys(changedValues(open)).every((key) => quarantineOf(entry, key) === undefined);
}

/** A failed set is not retried. Only a newer value of one of its secrets, or a request, starts the next rollout. */
function planFailed(serviceState: ServiceState, open: OpenRollout): Decision {
  const { service, entry, bindings } = serviceState;
  if (isForgotten(serviceState, open)) return noChange(serviceState, null);
  const changing = changedValues(open);
  const ofRollout = bindings.filter(({ binding }) => binding.key in changing);
  const isRequested = entry.requested.some((key) => key in changing);
  const isOther = dueBindings(serviceState).some(({ binding }) => !(binding.key in changing));
  const hasNewer = ofRollout.some((known) => isNewer(open, known));
  const isCurrent = isUpToDate(serviceState);
  // Its secrets have their last good values again, by the provider. Nobody has to decide anything.
  const isNeedless = open.direction === 'rollback' && changedAreReleased(serviceState, open);
  // The paused update may be for a newer value, or by the user.
  const isOwnPause = isPaused(service) && !hasNewer && !isNeedless && service.fingerprint === open.fingerprint;
  const isNeeded = !isCurrent || isOwnPause || open.direction === 'rollback';
  const rotates = ofRollout.some(({ binding }) => rotatesAutomatically(binding));
  // No task is restarted for the newer value. Failed tasks start again by themselves, and get it then.
  if (hasNewer && !isRequested && !isOther && !rotates) return noChange(serviceState, null);
  if (isOther || (isRequested && isNeeded) || (hasNewer && !isCurrent)) {
    if (open.direction === 'rollback') return startWithoutRollbackValues(serviceState, open);
    // The newer value ends the pause of a rollout that has started.
    const blocker = isPaused(service) ? null : blockerByTime(serviceState);
    return blocker ?? startRollout(serviceState, { also: ofRollout });
  }
  if (isUpdating(service)) return noChange(serviceState);
  // A task that fails repeatedly seems to run in between.
  const isLasting = isStable(serviceState) && !isOwnPause;
  const isReached = bindings.every((known) => pendingTasks(open, known).length === 0);
  const isThrough = service.rollout.state === 'completed' && isReached && isFullyRunning(service);
  if (isThrough && isLasting && !hasNewer) return complete(serviceState, open);
  if (isCurrent && isLasting) return noChange(serviceState, null);
  // No request can bring its values any more, and all tasks run without them.
  const isOff = ofRollout.every(({ binding }) => binding.rotate === 'off');
  if (isOff && isLasting && isFullyRunning(service)) return noChange(serviceState, null);
  // The tasks already started with the desired values, for another reason.
  if (hasNewer || isRequested) return noChange(serviceState);
  return isUndone(serviceState, open) && open.direction === 'forward'
    ? rollBackValues(serviceState, open, null)
    : blocked(serviceState, 'VALUE_FAILED');
}
