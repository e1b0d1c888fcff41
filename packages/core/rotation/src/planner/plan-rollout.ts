import {
  bringsWanted,
  isNewer,
  type KnownUse,
  outdatedTasks,
  tasksWithout,
  waitsForNodes,
} from '../bindings/binding-state.ts';
import { broughtBy, isOfRollout, type OpenRollout, setAsideWith, undoneGeneration } from '../ledger/ledger.ts';
import { beginWithout, NEWER, planEnded, speaksAgainst, takeBack } from './rollback.ts';
import {
  always,
  begin,
  block,
  complete,
  type Failure,
  failed,
  hindranceByFailure,
  hindranceByUpdate,
  hindranceTo,
  keep,
  mayRetry,
  resume,
  rollTo,
  wait,
} from './rollout-steps.ts';
import {
  type Decision,
  dueUses,
  isBusy,
  isCalm,
  isEnded,
  isFullyRunning,
  isPaused,
  isScaledToZero,
  isSettled,
  type Situation,
  secretNames,
  wasApplied,
} from './service-state.ts';

/**
 * So many of the rollout's tasks must have failed where Swarm says nothing against its update: Swarm goes on after a
 * failure if the service's configuration says so, and tells nothing of one that it resumed.
 */
const FAILURES_OF_A_BAD_VALUE = 2;

/** Decides about one service: go on watching its open rollout, close it, take it back, give it up, or begin one. */
export function planRollout(situation: Situation): Decision {
  const { service, entry, rejection, unread } = situation;
  const open = entry.rollout;
  if (open === null) {
    return dueUses(situation).length === 0 ? keep(situation) : (hindranceByPace(situation) ?? begin(situation));
  }
  const brought = broughtBy(open);
  if (unread.some((key) => key in brought)) return block(situation, 'the labels of its secrets to be put right');
  // The service uses nothing of it any more: nothing is rolled out, or taken back.
  if (secretNames(situation, brought).length === 0) return keep(situation, null);
  if (open.state === 'failed') return planFailed(situation, open);
  if (rejection !== undefined && rejection !== open.failure) return refused(situation, open, rejection);
  if (!wasApplied(situation, open)) return planUnapplied(situation, open);
  if (isEnded(service)) return planEnded(situation, open);
  return planUnderWay(situation, open);
}

/** A service that rotates faster than it rolls has pauses between its rollouts; what an operator asks for has none. */
function hindranceByPace(situation: Situation): Decision | null {
  const { pauseMs, entry } = situation;
  const isOwn = ({ use: { key } }: KnownUse) =>
    !entry.requested.includes(key) && setAsideWith(entry, key) === undefined;
  if (pauseMs <= 0 || !dueUses(situation).every(isOwn)) return null;
  return block(situation, 'a pause between its rollouts');
}

/** The orchestrator refused the update, for a network that is gone for instance. It is counted once, and tried again. */
function refused(situation: Situation, open: OpenRollout, message: string): Decision {
  const events = open.state === 'open' ? [failed(situation, open, { reason: 'not-begun', message })] : [];
  return { ...keep(situation, { ...open, state: 'stuck', failure: message }), events };
}

/** Whether a refused update may be tried again: nothing was restarted by it, and its user may have fixed what it names. */
function mayAskAgain(situation: Situation, open: OpenRollout): boolean {
  const isChanged = situation.unchangedForMs < situation.openForMs && isSettled(situation);
  return isChanged || mayRetry(situation, open);
}

/** The intent is in the ledger, the update is not made: the process ended in between, or somebody else was quicker. */
function planUnapplied(situation: Situation, open: OpenRollout): Decision {
  const { service, rejection } = situation;
  const due = dueUses(situation);
  // The tasks that a user's own update starts shall get the newest values at once.
  if (isBusy(service)) return keep(situation, null);
  const mustResume = open.direction === 'back' && isPaused(service);
  if (due.length === 0 && !mustResume) return keep(situation, null);
  const stopped = stoppedIntent(situation, open);
  if (stopped !== null) return stopped;
  const { rollout, events } = stuckIfLate(situation, open);
  const intended = { ...situation, entry: { ...situation.entry, rollout } };
  const hindrance = hindranceByUser(intended, open) ?? hindranceTo(intended);
  if (hindrance !== null) return { ...hindrance, events };
  const undone = undoneGeneration(situation.entry);
  const isRunning = service.tasks.some(
    ({ state, generation }) => state === 'running' && generation === open.generation,
  );
  const isOther = undone !== null && (service.generation !== undone || !isRunning);
  // Somebody else's update came first, and has the number.
  const isTaken = undone === null && service.generation >= open.generation;
  if (isOther || isTaken || due.some((known) => !bringsWanted(open, known)))
    return begin({ ...situation, mayBegin: always });
  const isAgain = rejection !== undefined;
  if (isAgain && !mayAskAgain(situation, open)) return block(situation, 'its refused update to be tried again');
  const attempt = isAgain ? rollout.attempt + 1 : rollout.attempt;
  const next = { ...rollout, attempt, fingerprint: service.fingerprint };
  return { ...keep(situation, next), events, roll: rollTo(situation, open.generation) };
}

/**
 * Why an update that was not made is not made any more: its value made tasks of another service fail. The intent stays,
 * since an update whose outcome is not known may be applied later; it takes no place. `null` where nothing stops it.
 */
export function stoppedIntent(situation: Situation, open: OpenRollout): Decision | null {
  if (open.direction === 'back' || wasApplied(situation, open)) return null;
  const brought = broughtBy(open);
  const uses = situation.uses.filter((known) => known.use.key in brought && bringsWanted(open, known));
  return hindranceByFailure(situation, uses);
}

/** What the user did meanwhile, as far as the intent must not overtake it; `null` if there is nothing. */
function hindranceByUser(situation: Situation, open: OpenRollout): Decision | null {
  const { service } = situation;
  const isRepeated = open.attempt > 1 && situation.rejection === undefined;
  const isOwn = service.fingerprint === open.fingerprint && (open.direction === 'back' || isRepeated);
  if (isOwn) return null;
  return hindranceByUpdate(situation);
}

/** What a rollout waits for that has reached all tasks but those on nodes that take no new ones. */
const NODES = 'a paused node to be active again, or drained: its task is replaced only then';

function planUnderWay(situation: Situation, open: OpenRollout): Decision {
  const { service, uses, failures } = situation;
  if (!isBusy(service) && waitsForNodes(open, uses)) {
    const isNewerDue = dueUses(situation).some((known) => !bringsWanted(open, known));
    return isNewerDue ? begin(situation) : block(situation, NODES);
  }
  const { rollout, events } = stuckIfLate(situation, open);
  const asItIs = { ...keep(situation, rollout), events };
  const due = dueUses(situation);
  // One that was stuck before its update was made has had no time yet.
  const isLate = open.state === 'stuck' && situation.openForMs > situation.policy.stuckAfterMs;
  const isSuperseded = isLate && due.some((known) => !bringsWanted(open, known));
  if (isSuperseded && hindranceByFailure(situation, due) === null) return begin(situation);
  if (isBusy(service)) return asItIs;
  if (service.generation < open.generation) return planUndone(situation, open, asItIs);
  const isOurs = ({ generation }: { readonly generation: number }) => isOfRollout(situation.entry, generation);
  const bad = failures?.filter((task) => isOurs(task) && speaksAgainst(situation, open, task)) ?? [];
  if (open.direction === 'forward' && bad.length >= FAILURES_OF_A_BAD_VALUE) {
    return takeBack(situation, open, { reason: 'paused', message: bad.at(-1)?.message ?? '' });
  }
  const without = uses.flatMap((known) => tasksWithout(open, known));
  if (without.length === 0) {
    if (isScaledToZero(service)) return keep(situation, null);
    // Where Swarm says nothing, it may not have begun. And it is through also where the tasks of each slot fail again and again,
    // once another manager leads: that looks only for slots whose tasks are of another generation.
    const isVague = (service.rollout.state === 'none' || bad.length > 0) && !isCalm(situation);
    return isVague || !isFullyRunning(service) ? asItIs : complete(situation, open);
  }
  const isOfEarlier = !without.every(isOurs);
  const isThrough = service.rollout.state === 'completed' || (isCalm(situation) && !isOfEarlier);
  if (!isThrough || isOfEarlier) {
    // Swarm forgets an update that was resumed while it still worked on a slot: it has to be asked again.
    const isForgotten = service.rollout.state === 'none' && open.attempt > 1 && mayRetry(situation, open);
    return isForgotten ? resume(situation, open) : asItIs;
  }
  // Swarm is through, but tasks that it made for this rollout hold something else than was intended.
  if (due.length === 0) return complete(situation, open);
  if (!mayRetry(situation, open)) return wait(situation, 'a pause after an attempt that did not reach all tasks');
  return begin({ ...situation, mayBegin: always }, open.attempt + 1);
}

/** It was rolled back, and somebody has changed the service since: Swarm tells no more that it was. */
function planUndone(situation: Situation, open: OpenRollout, asItIs: Decision): Decision {
  if (!isSettled(situation)) return asItIs;
  if (dueUses(situation).length === 0) return keep(situation, null);
  if (!mayRetry(situation, open)) return asItIs;
  return begin({ ...situation, mayBegin: always }, open.attempt + 1);
}

/** A rollout that takes too long is counted once, and watched on. */
function stuckIfLate(
  situation: Situation,
  open: OpenRollout,
): { readonly rollout: OpenRollout; readonly events: Decision['events'] } {
  const { openForMs, policy } = situation;
  if (open.state !== 'open' || openForMs <= policy.stuckAfterMs) return { rollout: open, events: [] };
  const message = whyStuck(situation, open);
  const failure: Failure = { reason: 'stuck', message };
  return { rollout: { ...open, state: 'stuck', failure: message }, events: [failed(situation, open, failure)] };
}

/** The orchestrator's own reason: of a task that does not start, else of one that failed, else of the update. */
function whyStuck({ service, failures }: Situation, open: OpenRollout): string {
  const waiting = service.tasks.find(({ state, reason }) => state === 'starting' && reason !== '')?.reason;
  const ended = failures?.findLast(({ generation }) => generation === open.generation)?.message;
  return waiting ?? ended ?? (service.rollout.message || 'its tasks do not start');
}

/**
 * Whether a failed rollout is of no account any more: no task shall run, or the orchestrator undid it and the user
 * changed the service since. The tasks of that change get the newest values: what failed may have failed for the
 * service as it was, and the values before may be what its user gets rid of.
 */
function isForgotten({ service }: Situation, open: OpenRollout): boolean {
  if (service.desiredTasks === 0) return !isBusy(service);
  const isUndone = open.direction === 'forward' && service.generation < open.generation;
  return isUndone && service.fingerprint !== open.fingerprint;
}

/** A failed set is not tried twice: only a newer value of one of its secrets, or a request, begins the next rollout. */
function planFailed(situation: Situation, open: OpenRollout): Decision {
  const { service, entry, uses } = situation;
  if (isForgotten(situation, open)) return keep(situation, null);
  const brought = broughtBy(open);
  const ofRollout = uses.filter(({ use }) => use.key in brought);
  const isRequested = entry.requested.some((key) => key in brought);
  const isOther = dueUses(situation).some(({ use }) => !(use.key in brought));
  const { state } = service.rollout;
  const isEveryTaskRunning = isFullyRunning(service) && !isPaused(service);
  // A task that fails again and again seems to run in between.
  const isOver = isEveryTaskRunning && isCalm(situation);
  const isCurrent = uses.every((known) => outdatedTasks(known).length === 0 && known.held.length > 0);
  const hasNewer = ofRollout.some((known) => isNewer(open, known));
  if (isRequested || isOther || (hasNewer && !(isCurrent && isEveryTaskRunning))) {
    return open.direction === 'back' ? beginWithout(situation, open) : begin(situation, 1, ofRollout);
  }
  if (isBusy(service)) return keep(situation);
  const isReached = uses.every((known) => tasksWithout(open, known).length === 0);
  if (state === 'completed' && isReached && isOver && !hasNewer) return complete(situation, open);
  if (isCurrent && isOver) return keep(situation, null);
  // Its tasks started with the newer value for another reason.
  if (hasNewer) return keep(situation);
  const isUndone = state === 'rolled-back' && service.generation < open.generation;
  return isUndone && open.direction === 'forward' ? takeBack(situation, open, null) : block(situation, NEWER);
}
