import type { ProductEvent } from '@vault-swarm/provider';
import { isNewer, isOutdated, type KnownUse, outdatedTasks, tasksWithout } from '../bindings/binding-state.ts';
import {
  broughtBy,
  isOfRollout,
  type OpenRollout,
  type SetAside,
  setAsideWith,
  type Values,
} from '../ledger/ledger.ts';
import { isOfRef, sameValue } from '../ledger/secret-version.ts';
import type { FailedTask } from '../ports/orchestrator.ts';
import { lift } from './quarantine.ts';
import {
  always,
  begin,
  block,
  complete,
  type Failure,
  failed,
  giveUp,
  hindranceByFailure,
  keep,
  mayRetry,
  resume,
  wait,
  withoutRequests,
} from './rollout-steps.ts';
import { type Decision, dueUses, isFullyRunning, type Situation, secretNames } from './service-state.ts';

/**
 * The orchestrator paused the rollout, or rolled it back. That speaks against its values only where a task of it had
 * started with them and then failed, on a node that is up and with the service as it was; else (a delivery that failed,
 * a node that went away) the rollout goes on after a while.
 */
export function planEnded(situation: Situation, open: OpenRollout): Decision {
  const { service, failures, uses } = situation;
  const { state, message } = service.rollout;
  const isUndone = service.generation < open.generation;
  // It was somebody's later update that was rolled back, to the service as our rollout had made it.
  const isOfLater = state !== 'paused' && !isUndone && uses.every((known) => tasksWithout(open, known).length === 0);
  if (isOfLater && isFullyRunning(service)) {
    return complete(situation, open);
  }
  if (failures === null) return wait(situation, 'word of why its tasks failed');
  const failure: Failure = { reason: state === 'paused' ? 'paused' : 'rolled-back', message };
  if (service.fingerprint !== open.fingerprint) return planChangedByUser(situation, open, failure);
  // Also of somebody's `--force` since: its tasks were given the same values.
  const ofRollout = failures.filter(({ generation }) => isOfRollout(situation.entry, generation));
  // Failed tasks are forgotten after a while: only who has watched it knows that there were none.
  const isTakenBackByHand = isUndone && state === 'rolled-back' && ofRollout.length === 0 && situation.seenThroughout;
  if (isTakenBackByHand || ofRollout.some((task) => speaksAgainst(situation, open, task))) {
    return takeBack(situation, open, failure);
  }
  if (isOfLater) return keep(situation);
  return tryAgain(situation, open, failure);
}

/**
 * Whether the task was given what the rollout gives, and failed though all else was as before. What is not known to have
 * been given was answered by a process before this one, unless this one began the rollout: then another manager is asked.
 */
export function speaksAgainst(
  { given, begunHere, uses }: Situation,
  { fingerprint, target }: OpenRollout,
  { id, fingerprint: ofTask, started, nodeReady }: FailedTask,
): boolean {
  if (!started || !nodeReady || ofTask !== fingerprint) return false;
  return Object.entries(target).every(([key, value]) => {
    const use = uses.find((known) => known.use.key === key)?.use;
    // Its labels name another ref since: tasks are given the newest value of that.
    if (use !== undefined && !isOfRef(value, use.refKey)) return true;
    const answers = given(id, key);
    return answers.length === 0 ? !begunHere : answers.some((answer) => sameValue(answer, value));
  });
}

/** Whether a failed task of the rollout is known to have been given what speaks against it. */
function isGivenKnown(situation: Situation, open: OpenRollout): boolean {
  return (situation.failures ?? []).some((task) => {
    const isOurs = isOfRollout(situation.entry, task.generation) && speaksAgainst(situation, open, task);
    return isOurs && Object.keys(open.target).every((key) => situation.given(task.id, key).length > 0);
  });
}

/**
 * What fails since the user changed the service may fail for that reason: it is never held against the values. Once there
 * is a newer value the rollout is over: the tasks that start anew are given that, and show whether it was for the value.
 */
function planChangedByUser(situation: Situation, open: OpenRollout, failure: Failure): Decision {
  const { service, failures, uses } = situation;
  if (uses.some((known) => isNewer(open, known))) {
    return { ...keep(situation, null), events: [failed(situation, open, failure)] };
  }
  const isTheirs = (failures ?? []).some(({ fingerprint, started }) => started && fingerprint === service.fingerprint);
  return isTheirs ? block(situation, 'its paused update to be resumed or undone') : tryAgain(situation, open, failure);
}

function tryAgain(situation: Situation, open: OpenRollout, failure: Failure): Decision {
  const { service } = situation;
  if (!mayRetry(situation, open)) return wait(situation, 'a while to pass since its tasks could not start');
  const events = [failed(situation, open, failure)];
  // One that somebody has undone since is not resumed: its number was used.
  const isPresent = service.generation >= open.generation;
  if (service.rollout.state === 'paused' && isPresent) {
    return resume(situation, { ...open, failure: failure.message }, open.failure === '' ? events : []);
  }
  if (dueUses(situation).length === 0) return { ...keep(situation, null), events };
  // Each attempt lets the orchestrator stop further tasks.
  if (!isFullyRunning(service)) return wait(situation, 'its tasks to run before the next attempt');
  return after(events, begin({ ...situation, mayBegin: always }, open.attempt + 1));
}

/**
 * Sets the values that the rollout brought aside for this service, and gives its tasks the last good ones: by a further
 * rollout, unless the orchestrator's own rollback has done it.
 *
 * @param failure to be told, or `null` where it was told before.
 */
export function takeBack(situation: Situation, open: OpenRollout, failure: Failure | null): Decision {
  const { service, uses, policy, entry } = situation;
  const events = failure === null ? [] : [failed(situation, open, failure)];
  const asFailed = () => (failure === null ? block(situation, NEWER) : giveUp(situation, open, failure));
  // The last good values fail as well: it is not for them.
  if (open.direction === 'back') return asFailed();
  const brought = broughtBy(open);
  const ofRollout = uses.filter(({ use }) => use.key in brought);
  // It may be for another secret of the service: the rollback's tasks, which had the last good values, failed as well; or
  // nobody knows what the failed tasks were given, and it may have been a newer value.
  const isUnclear = service.rollout.state === 'rollback-paused' || (failure !== null && !isGivenKnown(situation, open));
  const later = uses.filter((known) => isOutdated(open, known));
  const isOther = (isUnclear && later.length > 0) || ofRollout.some((known) => isNewer(open, known));
  if (isOther && hindranceByFailure(situation, later) === null) {
    // One of the values is newer by now: the new set is tried.
    return after(events, begin({ ...situation, mayBegin: always }, 1, ofRollout));
  }
  const isGivenBack = ['rolled-back', 'rollback-paused'].includes(service.rollout.state);
  if (!isGivenBack && policy.onFailure === 'pause') return asFailed();
  const failedKeys = ofRollout.map(({ use }) => use.key).filter((key) => setAsideWith(entry, key) === undefined);
  // All that it brought were last good values.
  if (failedKeys.length === 0) return asFailed();
  const availability = failedKeys.map((key) => {
    const value = open.lastGood[key];
    return value === undefined ? 'gone' : situation.lastGood(key, value);
  });
  if (availability.includes('gone')) {
    const message = `${failure?.message ?? open.failure}; its last good values can't be had any more`;
    return failure === null ? block(situation, NEWER) : giveUp(situation, open, { ...failure, message });
  }
  if (availability.includes('unknown')) {
    return { ...wait(situation, 'its last good values to be read'), heldAgainst: pick(open.target, failedKeys) };
  }
  const set: SetAside = {
    failed: pick(open.target, failedKeys),
    lastGood: pick(open.lastGood, failedKeys),
    sinceMs: situation.nowMs,
    reason: failure?.message ?? open.failure,
  };
  const met = withoutRequests(situation, open).entry;
  const next = { ...situation, entry: { ...met, setAside: [...entry.setAside, set] }, uses: uses.map(goBack(set)) };
  const told: ProductEvent = {
    type: 'values.set-aside',
    service: service.name,
    secrets: secretNames(situation, set.failed),
    message: set.reason,
  };
  // Where it was a later update that was rolled back, the tasks are those of our rollout.
  const isUndone = service.rollout.state === 'rolled-back' && service.generation < open.generation;
  const isBack = isUndone && next.uses.every((known) => outdatedTasks(known).length === 0);
  if (isBack) return after([...events, told], keep(next, null));
  const concerned = next.uses.filter(({ use }) => use.key in set.failed);
  return after([...events, told], begin({ ...next, mayBegin: always }, 1, concerned, generationToReturnTo(next, open)));
}

/**
 * Begins anew after last good values that failed as well: what had been set aside for them is tried again too, since it
 * was not for that.
 */
export function beginWithout(situation: Situation, back: OpenRollout): Decision {
  const { service, entry, uses } = situation;
  const brought = broughtBy(back);
  const sets = entry.setAside.filter(({ failed }) => Object.keys(failed).some((key) => key in brought));
  const failed: Values = Object.assign({}, ...sets.map((set) => set.failed));
  const tried = uses.map((known) => {
    const wanted = failed[known.use.key];
    return wanted === undefined ? known : { ...known, wanted };
  });
  const next = { ...situation, entry: lift(entry, { service, uses: [] }, sets), uses: tried };
  const decision = begin(
    next,
    1,
    tried.filter(({ use }) => use.key in brought),
  );
  if (decision.roll === null) return { ...decision, entry };
  if (sets.length === 0) return decision;
  const secrets = secretNames(situation, failed);
  return after([{ type: 'values.lifted', service: service.name, secrets, reason: 'newer' }], decision);
}

/**
 * The generation of the tasks that run with the last good values, if there are any: the orchestrator replaces only tasks
 * of other generations then, as in its own rollback. `null` if the service was changed since, or has none of them left.
 */
function generationToReturnTo({ service, uses }: Situation, open: OpenRollout): number | null {
  if (service.fingerprint !== open.fingerprint || service.generation < open.generation) return null;
  const outdated = new Set(uses.flatMap(outdatedTasks).map(({ id }) => id));
  const good = service.tasks.filter(
    ({ id, state, generation }) => state === 'running' && generation < open.generation && !outdated.has(id),
  );
  const counts = Map.groupBy(good, ({ generation }) => generation);
  const [most] = [...counts].toSorted(([, a], [, b]) => b.length - a.length);
  return most?.[0] ?? null;
}

/** What a rollout waits for that is left as it is. */
export const NEWER = 'a newer value, or a request by hand, since this one failed';

/** What is wanted of a secret once the set is aside. */
function goBack({ lastGood, sinceMs }: SetAside): (known: KnownUse) => KnownUse {
  return (known) => {
    const wanted = lastGood[known.use.key];
    return wanted === undefined ? known : { ...known, wanted, seenAtMs: sinceMs };
  };
}

function pick(values: Values, keys: readonly string[]): Values {
  return Object.fromEntries(Object.entries(values).filter(([key]) => keys.includes(key)));
}

function after(events: readonly ProductEvent[], decision: Decision): Decision {
  return { ...decision, events: [...events, ...decision.events] };
}
