import type { ProductEvent } from '@vault-swarm/provider';
import { type KnownUse, outdatedTasks, waitsForNodes, withEarlier } from '../bindings/binding-state.ts';
import { renameKeys } from '../bindings/key-migration.ts';
import { formerKeys, type ServiceUses, unreadKeys } from '../bindings/secret-binding.ts';
import {
  broughtBy,
  isOfRollout,
  type LedgerDocument,
  type LedgerSecret,
  type LedgerService,
  NOTHING_OPEN,
  type OpenRollout,
  setAsideWith,
  type Values,
} from '../ledger/ledger.ts';
import { type HeldValue, isOfRef, untagRevision } from '../ledger/secret-version.ts';
import type { FailedTask, WorkloadTask } from '../ports/orchestrator.ts';
import type { RotationPolicy } from '../ports/rotation-ports.ts';
import { noteEarlier } from '../tasks/previous-values.ts';
import { remember } from '../tasks/task-records.ts';
import { type Answered, type CurrentValue, heldBy, wantedOf } from '../tasks/task-revision.ts';
import { type FailedValue, FailedValues, failedValues } from './failed-values.ts';
import { fairTurns } from './fair-turns.ts';
import { planRollout, stoppedIntent } from './plan-rollout.ts';
import { planSecrets } from './plan-secrets.ts';
import { liftOutdatedSets } from './quarantine.ts';
import { nextRamp, Places, type Ramp } from './ramp.ts';
import type { Pace } from './rollout-pace.ts';
import { NOT_WATCHED, type SteadyFor, type WatchedRollout } from './rollout-tracker.ts';
import {
  type Availability,
  type Decision,
  dueUses,
  isBusy,
  isEnded,
  nextGeneration,
  type RollAction,
  type Situation,
} from './service-state.ts';

/** All that a plan depends on. */
export interface PlanInput {
  readonly nowMs: number;
  readonly services: readonly ServiceUses[];
  /** The provider's current value of a ref, `undefined` where it is not known (yet). */
  readonly current: (refKey: string) => CurrentValue | undefined;
  readonly answered: Answered;
  readonly ledger: LedgerDocument;
  readonly policy: RotationPolicy;
  /** What this process has seen of an open rollout: for how long, and whether its update was applied. */
  readonly watched: (serviceId: string, open: OpenRollout) => WatchedRollout;
  /** For how long this process has seen a service as it is. */
  readonly asItIs: (serviceId: string) => SteadyFor;
  /** How the rollouts of a service follow each other. */
  readonly pace: (serviceId: string) => Pace;
  /** Whether a replaced value of a ref can still be given. */
  readonly lastGood: (refKey: string, revision: string) => Availability;
  /** The failed tasks of the services whose rollout the orchestrator ended, by service id. */
  readonly failures: ReadonlyMap<string, readonly FailedTask[]>;
  /** Why the provider gives no value of a ref; `null` if it gives one, or does not answer. */
  readonly undeliverable: (refKey: string) => string | null;
  /** Updates that the orchestrator refused for good, by service id. */
  readonly rejections: ReadonlyMap<string, string>;
  /** How many rollouts succeeded. */
  readonly ramp: Ramp;
  /** The uses of a service by an earlier plan; empty where there was none. What did not change keeps its objects. */
  readonly earlierUses: (serviceId: string) => readonly KnownUse[];
}

/** How a service stands. */
export interface ServicePlan {
  readonly serviceId: string;
  readonly runningTasks: number;
  readonly outdatedTasks: number;
  /** What its tasks hold of each secret that has no pinned version, and what they should. */
  readonly uses: readonly KnownUse[];
  readonly waitingFor: string | null;
  /** Whether it goes on only after somebody did something, or a longer time. */
  readonly blocked: boolean;
  /** Whether it is to be rolled for a value that it does not have. */
  readonly isDue: boolean;
  /** See {@link Pace}. */
  readonly rolloutsInARow: number;
}

/** What to do: write the ledger (if it is another one), then roll; then tell. */
export interface Plan {
  /** The very same object as the input's where there is nothing to write. */
  readonly ledger: LedgerDocument;
  readonly rolls: readonly RollAction[];
  /** To be emitted once the ledger is written. */
  readonly events: readonly ProductEvent[];
  readonly services: readonly ServicePlan[];
  /** Holds once the ledger is written. */
  readonly ramp: Ramp;
}

/**
 * Compares what every running task holds with what it should hold, and says what to do about the difference. A pure
 * function: the same input gives the same plan.
 */
export function plan(input: PlanInput): Plan {
  const { secrets, replaced, events } = planSecrets(input);
  const rolls: RollAction[] = [];
  const allEvents: ProductEvent[] = [...events];
  const entries = new Map<string, LedgerService>();
  const states: ServicePlan[] = [];
  const situations = input.services
    .map((serviceUses) => situationOf(serviceUses, input, secrets, replaced))
    .toSorted(byWaitingTime);
  const { decided, ramp } = decideAll(situations, input);
  for (const { serviceUses, situation, lifted, decision } of decided) {
    const { service, uses } = situation;
    if (decision.roll !== null) rolls.push(decision.roll);
    allEvents.push(...lifted, ...decision.events);
    const entry = remember({
      service,
      uses: serviceUses.uses,
      current: input.current,
      answered: input.answered,
      ledger: input.ledger,
      before: situation.entry,
      after: { ...decision.entry, spentGeneration: spentGeneration(situation, decision) },
      known: uses,
      secrets,
    });
    if (entry !== null) entries.set(service.id, entry);
    states.push({
      serviceId: service.id,
      runningTasks: service.tasks.filter(({ state }) => state === 'running').length,
      outdatedTasks: new Set(uses.flatMap(outdatedTasks)).size,
      uses,
      waitingFor: decision.waitingFor,
      blocked: decision.blocked,
      isDue: dueUses(situation).length > 0,
      rolloutsInARow: input.pace(service.id).inARow,
    });
  }
  // In the order of the input, so that an unchanged ledger has the same text.
  const services: Record<string, LedgerService> = {};
  for (const { service } of input.services) {
    const entry = entries.get(service.id);
    if (entry !== undefined) services[service.id] = entry;
  }
  const next: LedgerDocument = { ...input.ledger, secrets, services };
  return { ledger: equal(next, input.ledger) ? input.ledger : next, rolls, events: allEvents, services: states, ramp };
}

/** A situation without what depends on the other services. */
type OwnSituation = Omit<Situation, 'mayBegin' | 'failedIn'>;

interface PlannedSituation {
  readonly serviceUses: ServiceUses;
  readonly situation: OwnSituation;
  readonly lifted: readonly ProductEvent[];
}

/**
 * Decides about each service, the one that waits for the longest time first, tenants in turn. A value that turns out to have failed stops
 * also services that come before: then all is decided again.
 */
function decideAll(
  situations: readonly PlannedSituation[],
  { policy, ramp }: Pick<PlanInput, 'policy' | 'ramp'>,
): { readonly decided: readonly (PlannedSituation & { readonly decision: Decision })[]; readonly ramp: Ramp } {
  const known = situations.flatMap(({ situation: { service, entry } }) => failedValues(service, entry));
  const found: FailedValue[] = [];
  for (;;) {
    const failed = new FailedValues([...known, ...found]);
    const failedNow = new FailedValues(found);
    const revisions = found.map(({ value }) => value.revision);
    const inForce = nextRamp(ramp, { completed: [], failed: revisions, isIdle: false });
    const asked = situations.map((each) => ({ ...each, situation: withoutFailed(each.situation, failedNow) }));
    const places = new Places(policy, inForce);
    const forService = ({ service }: OwnSituation) => ({
      mayBegin: (values: Values) => places.has(values),
      failedIn: (key: string, value: HeldValue) => failed.failedIn(service.id, key, value),
    });
    const takenBy = new Map<string, number>();
    const take = ({ service }: OwnSituation, rollout: OpenRollout) => {
      places.take(rollout);
      const tenant = tenantOf({ service });
      takenBy.set(tenant, (takenBy.get(tenant) ?? 0) + 1);
    };
    for (const { situation } of asked) {
      const { rollout } = situation.entry;
      if (rollout === null || !isRolling(situation)) continue;
      if (stoppedIntent({ ...situation, ...forService(situation) }, rollout) === null) take(situation, rollout);
    }
    const decided: (PlannedSituation & { readonly decision: Decision })[] = [];
    const inTurn = fairTurns(
      asked,
      ({ situation }) => tenantOf(situation),
      (tenant) => takenBy.get(tenant) ?? 0,
    );
    for (const each of inTurn) {
      const decision = planRollout({ ...each.situation, ...forService(each.situation) });
      const { rollout } = decision.entry;
      if (decision.roll !== null && rollout !== null && !isRolling(each.situation)) take(each.situation, rollout);
      decided.push({ ...each, decision });
    }
    const failures = decided.flatMap(({ situation: { service }, decision: { entry, heldAgainst } }) => {
      return failedValues(service, entry, heldAgainst).filter((value) => !failed.has(value));
    });
    if (failures.length > 0) {
      found.push(...failures);
      continue;
    }
    const completed = decided.flatMap(({ situation: { entry }, decision }) => {
      const isCompleted = decision.events.some(({ type }) => type === 'rollout.completed');
      return isCompleted && entry.rollout !== null ? [entry.rollout] : [];
    });
    return { decided, ramp: nextRamp(inForce, { completed, failed: revisions, isIdle: places.areIdle }) };
  }
}

function tenantOf({ service }: Pick<OwnSituation, 'service'>): string {
  return service.tenant ?? '';
}

/** A request for a value that has just failed in another service ends, unless the service has begun to roll for it. */
function withoutFailed(situation: OwnSituation, failed: FailedValues): OwnSituation {
  const { entry, uses, service } = situation;
  if (entry.requested.length === 0) return situation;
  const isOver = (key: string) => {
    const wanted = uses.find(({ use }) => use.key === key)?.wanted;
    if (wanted === undefined || failed.failedIn(service.id, key, wanted) === undefined) return false;
    return entry.rollout === null || !(key in broughtBy(entry.rollout));
  };
  return { ...situation, entry: { ...entry, requested: entry.requested.filter((key) => !isOver(key)) } };
}

function situationOf(
  serviceUses: ServiceUses,
  input: PlanInput,
  secrets: Readonly<Record<string, LedgerSecret>>,
  replaced: ReadonlyMap<string, LedgerSecret>,
): PlannedSituation {
  const { service, uses } = serviceUses;
  const stored = renameKeys(input.ledger.services[service.id] ?? NOTHING_OPEN, uses, input.ledger.secrets);
  const { entry: inForce, lifted } = liftOutdatedSets(stored, serviceUses, input.current);
  const noted = noteReplaced(inForce, stored, serviceUses, replaced, input.ledger);
  const known = knownUses(serviceUses, noted, input, secrets);
  const entry = { ...noted, requested: noted.requested.filter((key) => isStillWanted(key, noted, known)) };
  const open = entry.rollout;
  const watched = open === null ? NOT_WATCHED : input.watched(service.id, open);
  const useOf = (key: string) => uses.find((use) => use.key === key);
  return {
    serviceUses,
    lifted: lifted.map(({ failed }) => ({
      type: 'values.lifted',
      service: service.name,
      secrets: uses.filter(({ key }) => key in failed).map(({ secret }) => secret.name),
      reason: 'newer',
    })),
    situation: {
      nowMs: input.nowMs,
      service,
      entry,
      uses: known,
      unread: unreadKeys(service, uses),
      undeliverable: uses.flatMap(({ refKey, secret }) => {
        const reason = input.undeliverable(refKey);
        return reason === null ? [] : [{ secret: secret.name, reason }];
      }),
      policy: input.policy,
      isLockedDown: input.ledger.lockdown !== null,
      openForMs: watched.forMs,
      seenApplied: watched.applied,
      seenThroughout: watched.applied && watched.gapless,
      begunHere: watched.begunHere,
      overtaken: watched.overtaken,
      ...input.asItIs(service.id),
      pauseMs: input.pace(service.id).pauseMs,
      rejection: input.rejections.get(service.id),
      failures: input.failures.get(service.id) ?? null,
      given: (taskId, key) => input.answered(taskId, useOf(key)?.secret.name ?? ''),
      lastGood: (key, value) => {
        const use = useOf(key);
        if (use === undefined || !isOfRef(value, use.refKey)) return 'gone';
        return input.lastGood(use.refKey, untagRevision(value.revision));
      },
    },
  };
}

/**
 * Tasks that were made before a change was seen hold the value before it, until they are known to hold another. Where a
 * rollout is open it says what they were given, and where a set was aside, that they hold the last good one. A secret
 * whose path label is new, or is gone, was called otherwise before; one that may be used again may change meanwhile.
 */
function noteReplaced(
  entry: LedgerService,
  stored: LedgerService,
  { service, uses }: ServiceUses,
  replaced: ReadonlyMap<string, LedgerSecret>,
  ledger: LedgerDocument,
): LedgerService {
  let { earlier } = entry;
  const note = (key: string, value: LedgerSecret | undefined) => {
    const isKnownOtherwise = setAsideWith(stored, key) !== undefined || key in (entry.rollout?.target ?? {});
    if (value !== undefined && !isKnownOtherwise) earlier = noteEarlier(earlier, key, value, service.tasks);
  };
  for (const { key, otherKey } of uses) {
    note(key, replaced.get(key) ?? (ledger.secrets[key] === undefined ? ledger.secrets[otherKey] : undefined));
  }
  for (const key of formerKeys(service)) note(key, replaced.get(key));
  return { ...entry, earlier };
}

function knownUses(
  { service, uses }: ServiceUses,
  entry: LedgerService,
  { current, answered, ledger, nowMs, earlierUses }: PlanInput,
  secrets: Readonly<Record<string, LedgerSecret>>,
): readonly KnownUse[] {
  const running = service.tasks.filter(({ state }) => state === 'running');
  const known = uses
    .filter(({ ref }) => ref.pin === undefined)
    .map((use): KnownUse => {
      const now = current(use.refKey);
      const held: { readonly task: WorkloadTask; readonly value: HeldValue }[] = [];
      for (const task of running) {
        const value = heldBy(task, use, now, answered, ledger, entry);
        if (value !== undefined) held.push({ task, value });
      }
      const seenAtMs = setAsideWith(entry, use.key)?.sinceMs ?? secrets[use.key]?.seenAtMs ?? nowMs;
      return { use, wanted: wantedOf(entry, use.key, now), seenAtMs, held };
    });
  return withEarlier(known, earlierUses(service.id));
}

/** Which service is given a place first: the one whose tasks have held an outdated value for the longest time. */
function byWaitingTime(a: PlannedSituation, b: PlannedSituation): number {
  return outdatedSinceMs(a.situation) - outdatedSinceMs(b.situation);
}

function outdatedSinceMs({ uses }: OwnSituation): number {
  const since = uses.filter((known) => outdatedTasks(known).length > 0).map(({ seenAtMs }) => seenAtMs);
  return Math.min(Number.MAX_SAFE_INTEGER, ...since);
}

/** Whether a request is still to be met: it ends when no task holds another value than the newest. */
function isStillWanted(key: string, { rollout }: LedgerService, known: readonly KnownUse[]): boolean {
  const use = known.find((candidate) => candidate.use.key === key);
  if (use === undefined) return false;
  return use.wanted === undefined || outdatedTasks(use).length > 0 || (rollout !== null && key in rollout.target);
}

/**
 * Whether the service takes one of the places of those that roll at the same time: from the intent on, since Swarm may
 * take a while until it says that it has begun.
 */
function isRolling({ service, entry, uses }: OwnSituation): boolean {
  const { rollout } = entry;
  if (rollout?.state !== 'open' || isEnded(service)) return false;
  if (!isBusy(service) && waitsForNodes(rollout, uses)) return false;
  return !isOfRollout(entry, service.generation) || service.rollout.state !== 'completed';
}

/**
 * The highest generation that is known to have been used. A rollback brings a smaller one back, and a number that is used
 * again would make the tasks of one rollout pass for those of another. While a rollout is open it stays as it is: a
 * number above the rollout's would mean that the rollout undoes it.
 */
function spentGeneration(situation: OwnSituation, { entry: next }: Decision): number {
  return next.rollout === null ? nextGeneration(situation) - 1 : next.spentGeneration;
}

/** Secrets that did not change are the very same objects; there may be 20,000 of them. */
function equal(a: LedgerDocument, b: LedgerDocument): boolean {
  const keys = Object.keys(a.secrets);
  if (keys.length !== Object.keys(b.secrets).length) return false;
  if (keys.some((key) => a.secrets[key] !== b.secrets[key])) return false;
  const open = Object.keys(a.services).length;
  if (open !== Object.keys(b.services).length) return false;
  return open === 0 || JSON.stringify(a.services) === JSON.stringify(b.services);
}
