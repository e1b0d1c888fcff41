import type { ProductEvent } from '@vault-swarm/provider';
import { bringsWanted, type KnownUse, outdatedTasks } from '../bindings/binding-state.ts';
import { broughtBy, isOfRollout, type OpenRollout, setAsideWith, type Values } from '../ledger/ledger.ts';
import { type HeldValue, sameValue } from '../ledger/secret-version.ts';
import { isKnown } from '../tasks/task-revision.ts';
import {
  type Decision,
  dueUses,
  isBusy,
  isCalm,
  isFullyRunning,
  isSettled,
  nextGeneration,
  type RollAction,
  type Situation,
  secretNames,
  wasApplied,
} from './service-state.ts';

/** Why a rollout failed, for its event. */
export interface Failure {
  readonly reason: Extract<ProductEvent, { type: 'rollout.failed' }>['reason'];
  readonly message: string;
}

const RETRY_FIRST_MS = 5_000;
const RETRY_LONGEST_MS = 600_000;

/** Nothing to do; the rollout is as given. */
export function keep({ entry }: Situation, rollout: OpenRollout | null = entry.rollout): Decision {
  return { entry: { ...entry, rollout }, roll: null, events: [], waitingFor: null, blocked: false, heldAgainst: {} };
}

/** Nothing to do yet. */
export function wait(situation: Situation, waitingFor: string): Decision {
  return { ...keep(situation), waitingFor };
}

/** Nothing to do until somebody else has. */
export function block(situation: Situation, waitingFor: string): Decision {
  return { ...wait(situation, waitingFor), blocked: true };
}

/** Tasks that run for this long count as running when a paused update is resumed, in milliseconds. */
const RUNNING_FOR_MS = 10_000;
/** After this time what a paused update waits for needs somebody, in milliseconds. */
const NEEDS_HELP_AFTER_MS = 60_000;

/**
 * The same update again, which resumes one that the orchestrator paused, whoever's it is by now. Each resume lets the
 * orchestrator stop further tasks, so it is done only once all tasks run that shall.
 *
 * @param events of the failure, if they were not emitted yet.
 */
export function resume(situation: Situation, open: OpenRollout, events: Decision['events'] = []): Decision {
  const { service, nowMs } = situation;
  const hindrance = hindranceTo(situation) ?? unlessSafeToResume(situation, open);
  if (hindrance !== null) return { ...hindrance, entry: { ...hindrance.entry, rollout: open }, events };
  const generation = Math.max(open.generation, service.generation);
  const rollout = { ...open, failure: '', generation, attempt: open.attempt + 1, begunAtMs: nowMs };
  return { ...keep(situation, rollout), events, roll: rollTo(situation, generation) };
}

function unlessSafeToResume(situation: Situation, open: OpenRollout): Decision | null {
  const { service, calmForMs, openForMs } = situation;
  if (isFullyRunning(service) && calmForMs >= RUNNING_FOR_MS && isCauseGone(situation, open)) return null;
  const waitingFor = 'the tasks of its paused update to run; fix what stops them, or undo the update';
  return openForMs < NEEDS_HELP_AFTER_MS ? wait(situation, waitingFor) : block(situation, waitingFor);
}

/**
 * Whether what stopped the rollout is gone. A task that it made and that runs shows it. Without one, which is so where
 * tasks start before the old ones are stopped, the causes must be such that they end by themselves: a secret that was not
 * delivered, which can be now, or a node that went away.
 */
function isCauseGone({ service, entry, failures }: Situation, open: OpenRollout): boolean {
  const isOurs = (task: { readonly generation: number }) => isOfRollout({ ...entry, rollout: open }, task.generation);
  if (service.tasks.some((task) => task.state === 'running' && isOurs(task))) return true;
  const causes = (failures ?? []).filter(isOurs);
  return causes.length > 0 && causes.every(({ undelivered, nodeReady }) => undelivered || !nodeReady);
}

/**
 * Why no task of the service may be started now, `null` if they may: each needs all of the service's secrets, whichever
 * of them has changed.
 */
export function hindranceTo(situation: Situation): Decision | null {
  const { unread, undeliverable, uses } = situation;
  if (unread.length > 0) return block(situation, 'the labels of its secrets to be put right');
  const missing = undeliverable[0];
  if (missing !== undefined)
    return block(situation, `its secret ${missing.secret} to have a value (${missing.reason})`);
  if (hasLost(situation)) return block(situation, LOST);
  if (uses.some(({ wanted }) => wanted === undefined)) return wait(situation, 'its newest values to be read');
  return null;
}

/** What the service's own update, which is not of a rollout, is to do first; `null` if it keeps nobody waiting. */
export function hindranceByUpdate(situation: Situation): Decision | null {
  const { state, mayGoOn } = situation.service.rollout;
  if (state === 'none' && !isSettled(situation)) return wait(situation, 'its latest change to be taken up');
  if (state !== 'paused' && state !== 'rollback-paused') return null;
  if (!mayGoOn) return block(situation, 'its paused update to be resumed or undone');
  return isCalm(situation) ? null : wait(situation, 'the tasks of its paused update to run for a while');
}

/**
 * Why no task may be started with the values that are wanted of these uses: one of them made tasks of another service
 * fail. `null` if there is no such value, or an operator asked for it.
 */
export function hindranceByFailure(situation: Situation, uses: readonly KnownUse[]): Decision | null {
  const { entry, failedIn } = situation;
  for (const { use, wanted } of uses) {
    if (wanted === undefined || entry.requested.includes(use.key) || setAsideWith(entry, use.key) !== undefined)
      continue;
    const service = failedIn(use.key, wanted);
    if (service === undefined) continue;
    const secret = use.secret.name;
    return block(situation, `a newer value of ${secret}, or a manual rotation: this one made tasks of ${service} fail`);
  }
  return null;
}

/** Whether an attempt may be followed by the next: after each the pause is twice as long. */
export function mayRetry({ openForMs }: Situation, { attempt }: OpenRollout): boolean {
  return openForMs >= Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** attempt);
}

/** The rollout is left as it is, and counted as an error. */
export function giveUp(situation: Situation, open: OpenRollout, failure: Failure): Decision {
  const rollout: OpenRollout = { ...open, state: 'failed', failure: failure.message };
  return { ...keep(withoutRequests(situation, open), rollout), events: [failed(situation, open, failure)] };
}

/** Every task has what the rollout brought. Where the service uses none of it any more, nothing was rotated. */
export function complete(situation: Situation, open: OpenRollout): Decision {
  const { service, nowMs } = situation;
  const secrets = secretNames(situation, broughtBy(open));
  if (secrets.length === 0) return keep(situation, null);
  const common = {
    service: service.name,
    secrets,
    generation: open.generation,
    durationMs: Math.max(0, nowMs - (open.direction === 'forward' ? open.changedAtMs : open.begunAtMs)),
  };
  const type = open.direction === 'forward' ? 'rollout.completed' : 'rollback.completed';
  return { ...keep(withoutRequests(situation, open), null), events: [{ type, ...common }] };
}

/** What was asked for was tried, and is over. */
export function withoutRequests(situation: Situation, open: OpenRollout): Situation {
  const brought = broughtBy(open);
  const requested = situation.entry.requested.filter((key) => !(key in brought));
  return { ...situation, entry: { ...situation.entry, requested } };
}

/** What a service waits for that is given nothing of a secret any more. */
const LOST = 'a newer value, or a request by hand, since the last good one of what was set aside is lost';

/** Whether a value that the service's tasks must be given can't be had any more: none of them would start. */
function hasLost({ entry, lastGood }: Situation): boolean {
  return entry.setAside.some((set) =>
    Object.entries(set.lastGood).some(([key, value]) => lastGood(key, value) === 'gone'),
  );
}

/** The event of a rollout that failed. */
export function failed(situation: Situation, open: OpenRollout, failure: Failure): ProductEvent {
  const secrets = secretNames(situation, broughtBy(open));
  return { type: 'rollout.failed', service: situation.service.name, secrets, ...failure };
}

/** For `mayBegin`: a service that rolls already takes no further place. */
export function always(): boolean {
  return true;
}

/**
 * Rolls the service to what is wanted of all its outdated secrets, those included that are not rolled for their own
 * sake: each task that starts is given them too.
 *
 * @param also further uses that are to be part of it though no running task is outdated.
 * @param earlier a generation that the service is to return to, instead of going on to a new one.
 */
export function begin(
  situation: Situation,
  attempt = 1,
  also: readonly KnownUse[] = [],
  earlier: number | null = null,
): Decision {
  const { service, entry, mayBegin } = situation;
  const before = entry.rollout;
  if (isBusy(service) && !(before !== null && isStuck(situation, before)))
    return wait(situation, 'its own update to end');
  const hindrance = (before === null ? hindranceByUpdate(situation) : null) ?? hindranceTo(situation);
  if (hindrance !== null) return hindrance;
  if (isHeldBack(situation)) return wait(situation, 'the lockdown to end, or a manual rotation');
  // What came since the rollout before is new to the tasks, also where none runs that could show it.
  const isLater = (known: KnownUse) =>
    before !== null && known.use.key in before.target && !bringsWanted(before, known);
  const uses = situation.uses.filter((known) => {
    return outdatedTasks(known).length > 0 || also.includes(known) || isLater(known);
  });
  const brings = bringing(situation, uses);
  // With these it has started already.
  const isUnderWay = (known: KnownUse) =>
    before !== null && before.state !== 'failed' && bringsWanted(before, known) && wasApplied(situation, before);
  const failure = hindranceByFailure(
    situation,
    brings.filter((known) => !isUnderWay(known)),
  );
  if (failure !== null) return failure;
  if (!mayBegin(goesBack(situation, brings) ? {} : wantedOf(brings)))
    return wait(situation, 'other services to finish');
  return start(situation, uses, brings, attempt, earlier);
}

/** The uses whose values are brought to tasks that do not have them; what was changed back is brought to none. */
function bringing(situation: Situation, uses: readonly KnownUse[]): readonly KnownUse[] {
  const others = uses.filter((known) => known.wanted !== undefined && !isChangedBack(situation, known));
  return others.length === 0 ? uses : others;
}

/** Whether nothing but last good values is brought. */
function goesBack({ entry }: Situation, brings: readonly KnownUse[]): boolean {
  return brings.every(({ use, wanted }) => wanted === undefined || setAsideWith(entry, use.key) !== undefined);
}

function wantedOf(uses: readonly KnownUse[]): Values {
  return Object.fromEntries(uses.flatMap(({ use, wanted }) => (wanted === undefined ? [] : [[use.key, wanted]])));
}

/** Whether the update that goes on is the one of a rollout that did not succeed, and not one of the service's user since. */
function isStuck({ service }: Situation, { state, fingerprint, generation }: OpenRollout): boolean {
  const isOwn = service.fingerprint === fingerprint && service.generation === generation;
  return isOwn && state !== 'open' && service.rollout.state === 'rolling';
}

/**
 * During a lockdown an operator decides which services restart. A rollout that is open is finished, and values that made tasks
 * fail are replaced.
 */
function isHeldBack(situation: Situation): boolean {
  const { entry, isLockedDown } = situation;
  if (!isLockedDown || entry.rollout?.state === 'open') return false;
  const due = dueUses(situation);
  return !due.some(({ use }) => entry.requested.includes(use.key) || setAsideWith(entry, use.key) !== undefined);
}

function start(
  situation: Situation,
  uses: readonly KnownUse[],
  brings: readonly KnownUse[],
  attempt: number,
  earlier: number | null,
): Decision {
  const { service, entry, nowMs } = situation;
  const nextUnused = nextGeneration(situation);
  const target: Record<string, HeldValue> = {};
  const lastGood: Record<string, HeldValue> = {};
  for (const known of situation.uses) {
    const { use, wanted } = known;
    if (wanted === undefined) continue;
    target[use.key] = { revision: wanted.revision, digest: wanted.digest };
    const before = brings.includes(known) ? valueBefore(situation, known) : wanted;
    if (before !== undefined) lastGood[use.key] = { revision: before.revision, digest: before.digest };
  }
  const isBack = goesBack(situation, brings);
  const rollout: OpenRollout = {
    direction: isBack ? 'back' : 'forward',
    generation: earlier ?? nextUnused,
    begunAtMs: nowMs,
    changedAtMs: Math.min(...uses.filter(({ wanted }) => wanted !== undefined).map(({ seenAtMs }) => seenAtMs)),
    attempt,
    state: 'open',
    failure: '',
    fingerprint: service.fingerprint,
    target,
    lastGood,
  };
  const { generation } = rollout;
  const secrets = brings.filter(({ use }) => use.key in target).map(({ use }) => use.secret.name);
  return {
    entry: { ...entry, rollout, spentGeneration: earlier === null ? entry.spentGeneration : nextUnused - 1 },
    roll: rollTo(situation, generation),
    events: [{ type: isBack ? 'rollback.started' : 'rollout.started', service: service.name, secrets, generation }],
    waitingFor: null,
    blocked: false,
    heldAgainst: {},
  };
}

/**
 * Whether the value that the rollout before was to replace is wanted again, so that nothing can be said against it, and
 * nothing is to be given instead.
 */
function isChangedBack({ entry }: Situation, { use, wanted }: KnownUse): boolean {
  const before = entry.rollout?.lastGood[use.key];
  if (before === undefined || wanted === undefined || setAsideWith(entry, use.key) !== undefined) return false;
  return sameValue(before, wanted);
}

/**
 * The value that is to be given again if the new one fails. After a rollout that came to nothing it is the one before
 * that; else what most of the tasks hold that are to be replaced, unless tasks have failed with it.
 */
function valueBefore({ entry }: Situation, known: KnownUse): HeldValue | undefined {
  const { key } = known.use;
  // It is the last good one that is brought.
  if (setAsideWith(entry, key) !== undefined) return undefined;
  const before = entry.rollout?.lastGood[key];
  // One that was given besides, and not brought, says nothing of what was good.
  if (before !== undefined && !(known.wanted !== undefined && sameValue(before, known.wanted))) return before;
  const { rollout } = entry;
  const failedWith = [
    rollout?.direction === 'forward' ? rollout.target[key] : undefined,
    ...entry.setAside.map(({ failed }) => failed[key]),
  ];
  const outdated = new Set(outdatedTasks(known));
  const counts = new Map<string, { readonly value: HeldValue; count: number }>();
  for (const { task, value } of known.held.toSorted((a, b) => a.task.createdAtMs - b.task.createdAtMs)) {
    const isBad = failedWith.some((bad) => bad !== undefined && sameValue(bad, value));
    if (!outdated.has(task) || !isKnown(value) || isBad) continue;
    const counted = counts.get(value.revision) ?? { value, count: 0 };
    counted.count += 1;
    counts.set(value.revision, counted);
  }
  return [...counts.values()].toSorted((a, b) => b.count - a.count)[0]?.value;
}

/** The update that brings a service to a generation. */
export function rollTo({ service }: Situation, generation: number): RollAction {
  return { serviceId: service.id, serviceName: service.name, version: service.version, generation };
}
