import { type BindingState, isNewer, pendingTasks, targetsDesired, waitsForNodes } from '../bindings/binding-state.ts';
import { rotatesAutomatically } from '../bindings/secret-binding.ts';
import { changedValues, isOfRollout, type OpenRollout, quarantineOf, undoneGeneration } from '../ledger/ledger.ts';
import { phaseOf } from './phase.ts';
import { isCausedByValues, planHalted, rollBackValues, startWithoutRollbackValues } from './rollback.ts';
import {
  blocked,
  blockerByUpdate,
  blockerOf,
  complete,
  type Failure,
  failed,
  hindranceByFailure,
  mayRetry,
  noChange,
  resume,
  rollTo,
  startRollout,
  wait,
} from './rollout-steps.ts';
import {
  type Decision,
  dueBindings,
  isFullyRunning,
  isPaused,
  isScaledToZero,
  isSettled,
  isStable,
  isUpdating,
  isUpToDate,
  type ServiceState,
  wasApplied,
} from './service-state.ts';

/**
 * So many of the rollout's tasks must have failed where Swarm says nothing against its update: Swarm goes on after a
 * failure if the service's configuration says so, and tells nothing of one that it resumed.
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
  return hindranceByPace(serviceState) ?? startRollout(serviceState);
}

/** A service that rotates faster than it rolls has pauses between its rollouts; what an operator asks for has none. */
function hindranceByPace(serviceState: ServiceState): Decision | null {
  const { pauseMs, entry } = serviceState;
  const isOwn = ({ binding: { key } }: BindingState) =>
    !entry.requested.includes(key) && quarantineOf(entry, key) === undefined;
  if (pauseMs <= 0 || !dueBindings(serviceState).every(isOwn)) return null;
  return blocked(serviceState, 'ROTATION_TOO_FREQUENT');
}

/** The orchestrator refused the update, for a network that is gone for instance. It is counted once, and tried again. */
function planRejected(serviceState: ServiceState, open: OpenRollout, message: string): Decision {
  const events = open.state === 'open' ? [failed(serviceState, open, { reason: 'rejected', message })] : [];
  return { ...noChange(serviceState, { ...open, state: 'stuck', failure: message }), events };
}

/** Whether a refused update may be tried again: nothing was restarted by it, and its user may have fixed what it names. */
function mayAskAgain(serviceState: ServiceState, open: OpenRollout): boolean {
  const isChanged = serviceState.unchangedForMs < serviceState.openForMs && isSettled(serviceState);
  return isChanged || mayRetry(serviceState, open);
}

/** The intent is in the ledger, the update is not made: the process ended in between, or somebody else was quicker. */
function planIntended(serviceState: ServiceState, open: OpenRollout): Decision {
  const { service, rejection } = serviceState;
  const due = dueBindings(serviceState);
  // The tasks that a user's own update starts shall get the newest values at once.
  if (isUpdating(service)) return noChange(serviceState, null);
  const mustResume = open.direction === 'rollback' && isPaused(service);
  if (due.length === 0 && !mustResume) return noChange(serviceState, null);
  const stopped = stoppedIntent(serviceState, open);
  if (stopped !== null) return stopped;
  const { rollout, events } = stuckIfLate(serviceState, open);
  const intended = { ...serviceState, entry: { ...serviceState.entry, rollout } };
  const blocker = blockerByUser(intended, open) ?? blockerOf(intended);
  if (blocker !== null) return { ...blocker, events };
  const undone = undoneGeneration(serviceState.entry);
  const isRunning = service.tasks.some(
    ({ state, generation }) => state === 'running' && generation === open.generation,
  );
  const isOther = undone !== null && (service.generation !== undone || !isRunning);
  // Somebody else's update came first, and has the number.
  const isTaken = undone === null && service.generation >= open.generation;
  // One that was refused, or is stuck, gave its place to others.
  const continues = open.state === 'open';
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
 * Why an update that was not made is not made any more: its value made tasks of another service fail. The intent stays,
 * since an update whose outcome is not known may be applied later; it takes no place. `null` where nothing stops it.
 */
export function stoppedIntent(serviceState: ServiceState, open: OpenRollout): Decision | null {
  if (open.direction === 'rollback' || wasApplied(serviceState, open)) return null;
  const changing = changedValues(open);
  const bindings = serviceState.bindings.filter(
    (known) => known.binding.key in changing && targetsDesired(open, known),
  );
  return hindranceByFailure(serviceState, bindings);
}

/** What the user did meanwhile, as far as the intent must not overtake it; `null` if there is nothing. */
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
    return isNewerDue ? startRollout(serviceState) : blocked(serviceState, 'NODE_PAUSED');
  }
  const { rollout, events } = stuckIfLate(serviceState, open);
  const unchanged = { ...noChange(serviceState, rollout), events };
  const due = dueBindings(serviceState);
  // One that was stuck before its update was made has had no time yet.
  const isLate = open.state === 'stuck' && serviceState.openForMs > serviceState.policy.stuckAfterMs;
  const isSuperseded = isLate && due.some((known) => !targetsDesired(open, known));
  if (isSuperseded && hindranceByFailure(serviceState, due) === null) return startRollout(serviceState);
  if (isUpdating(service)) return unchanged;
  if (service.generation < open.generation) return planUndone(serviceState, open, unchanged);
  const isOurs = ({ generation }: { readonly generation: number }) => isOfRollout(serviceState.entry, generation);
  const bad = failures?.filter((task) => isOurs(task) && isCausedByValues(serviceState, open, task)) ?? [];
  if (open.direction === 'forward' && bad.length >= FAILURES_OF_A_BAD_VALUE) {
    return rollBackValues(serviceState, open, { reason: 'paused', message: bad.at(-1)?.message ?? '' });
  }
  const without = bindings.flatMap((known) => pendingTasks(open, known));
  // Where Swarm says nothing, it may not have started. And it is through also where the tasks of each slot fail again and again,
  // once another manager leads: that looks only for slots whose tasks are of another generation.
  const hasFailed = failures?.some((task) => isOurs(task) && task.started) === true;
  const isVague = (service.rollout.state === 'none' || hasFailed) && !isStable(serviceState);
  const completeIfRunning = () => (isVague || !isFullyRunning(service) ? unchanged : complete(serviceState, open));
  if (without.length === 0) {
    return isScaledToZero(service) ? noChange(serviceState, null) : completeIfRunning();
  }
  const isOfEarlier = !without.every(isOurs);
  const isThrough = service.rollout.state === 'completed' || (isStable(serviceState) && !isOfEarlier);
  if (!isThrough || isOfEarlier) {
    // Swarm forgets an update that was resumed while it still worked on a slot: it has to be asked again. A user resumes one too.
    const isForgotten = service.rollout.state === 'none' && isSettled(serviceState) && mayRetry(serviceState, open);
    return isForgotten ? resume(serviceState, open) : unchanged;
  }
  // Swarm is through, but tasks that it made for this rollout hold something else than was intended.
  if (due.length === 0) return completeIfRunning();
  // Each attempt lets the orchestrator stop further tasks.
  if (!isFullyRunning(service)) return unchanged;
  if (!mayRetry(serviceState, open)) return wait(serviceState, 'BACKOFF_INCOMPLETE');
  return startRollout(serviceState, { continues: true, attempt: open.attempt + 1 });
}

/** It was rolled back, and somebody has changed the service since: Swarm tells no more that it was. */
function planUndone(serviceState: ServiceState, open: OpenRollout, unchanged: Decision): Decision {
  if (!isSettled(serviceState)) return unchanged;
  if (dueBindings(serviceState).length === 0) return noChange(serviceState, null);
  if (!mayRetry(serviceState, open)) return unchanged;
  return startRollout(serviceState, { continues: true, attempt: open.attempt + 1 });
}

/** A rollout that takes too long is counted once, and watched on. */
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

/** The orchestrator's own reason: of a task that does not start, else of one that failed, else of the update. */
function whyStuck({ service, failures }: ServiceState, open: OpenRollout): string {
  const waiting = service.tasks.find(({ state, reason }) => state === 'starting' && reason !== '')?.reason;
  const ended = failures?.findLast(({ generation }) => generation === open.generation)?.message;
  return waiting ?? ended ?? (service.rollout.message || 'its tasks do not start');
}

/**
 * Whether a failed rollout is of no account any more: no task shall run, or the orchestrator undid it and the user
 * changed the service since. The tasks of that change get the newest values: what failed may have failed for the
 * service as it was, and the values before may be what its user gets rid of.
 */
function isForgotten({ service }: ServiceState, open: OpenRollout): boolean {
  if (service.desiredTasks === 0) return !isUpdating(service);
  const isUndone = open.direction === 'forward' && service.generation < open.generation;
  return isUndone && service.fingerprint !== open.fingerprint;
}

/** A failed set is not tried twice: only a newer value of one of its secrets, or a request, starts the next rollout. */
function planFailed(serviceState: ServiceState, open: OpenRollout): Decision {
  const { service, entry, bindings } = serviceState;
  if (isForgotten(serviceState, open)) return noChange(serviceState, null);
  const changing = changedValues(open);
  const ofRollout = bindings.filter(({ binding }) => binding.key in changing);
  const isRequested = entry.requested.some((key) => key in changing);
  const isOther = dueBindings(serviceState).some(({ binding }) => !(binding.key in changing));
  const hasNewer = ofRollout.some((known) => isNewer(open, known));
  const isCurrent = isUpToDate(serviceState);
  // It may be the update of a newer value, or one of the service's user, that is paused.
  const isOwnPause = isPaused(service) && !hasNewer && service.fingerprint === open.fingerprint;
  const isNeeded = !isCurrent || isOwnPause || open.direction === 'rollback';
  const rotates = ofRollout.some(({ binding }) => rotatesAutomatically(binding));
  // No task is restarted for it: those that fail start again, and get the newer value then.
  if (hasNewer && !isRequested && !isOther && !rotates) return noChange(serviceState, null);
  if (isOther || (isRequested && isNeeded) || (hasNewer && !isCurrent)) {
    return open.direction === 'rollback'
      ? startWithoutRollbackValues(serviceState, open)
      : startRollout(serviceState, { also: ofRollout });
  }
  if (isUpdating(service)) return noChange(serviceState);
  // A task that fails again and again seems to run in between.
  const isLasting = isStable(serviceState) && !isOwnPause;
  const isReached = bindings.every((known) => pendingTasks(open, known).length === 0);
  const isThrough = service.rollout.state === 'completed' && isReached && isFullyRunning(service);
  if (isThrough && isLasting && !hasNewer) return complete(serviceState, open);
  if (isCurrent && isLasting) return noChange(serviceState, null);
  // Its tasks started with what is wanted for another reason.
  if (hasNewer || isRequested) return noChange(serviceState);
  const isUndone = service.rollout.state === 'rolled-back' && service.generation < open.generation;
  return isUndone && open.direction === 'forward'
    ? rollBackValues(serviceState, open, null)
    : blocked(serviceState, 'VALUE_FAILED');
}
