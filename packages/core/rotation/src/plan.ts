import type { ProductEvent } from '@vault-swarm/provider';
import { type HeldValue, isOfRef, untagRevision } from './held-value.ts';
import { type Answered, type CurrentValue, heldBy, wantedOf } from './holdings.ts';
import { type KnownUse, outdatedTasks } from './known-use.ts';
import {
  isOfRollout,
  type LedgerDocument,
  type LedgerSecret,
  type LedgerService,
  NOTHING_OPEN,
  type OpenRollout,
  setAsideWith,
} from './ledger.ts';
import { planRollout } from './plan-rollout.ts';
import { planSecrets } from './plan-secrets.ts';
import { remember } from './remember.ts';
import { renameKeys } from './renamed-keys.ts';
import { NOT_WATCHED, type SteadyFor, type WatchedRollout } from './rollout-watch.ts';
import { liftOutdatedSets, noteEarlier } from './set-aside.ts';
import {
  type Availability,
  type Decision,
  isEnded,
  nextGeneration,
  type RollAction,
  type RotationPolicy,
  type Situation,
} from './situation.ts';
import { type ServiceUses, unreadKeys } from './uses.ts';
import type { FailedTask, WorkloadTask } from './workloads.ts';

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
  /** Whether a replaced value of a ref can still be given. */
  readonly lastGood: (refKey: string, revision: string) => Availability;
  /** The failed tasks of the services whose rollout the orchestrator ended, by service id. */
  readonly failures: ReadonlyMap<string, readonly FailedTask[]>;
  /** Why the provider gives no value of a ref; `null` if it gives one, or does not answer. */
  readonly undeliverable: (refKey: string) => string | null;
  /** Updates that the orchestrator refused for good, by service id. */
  readonly rejections: ReadonlyMap<string, string>;
}

/** How a service stands. */
export interface ServicePlan {
  readonly serviceId: string;
  readonly runningTasks: number;
  readonly outdatedTasks: number;
  /** What its tasks hold of each secret that has no pinned version, and what they should. */
  readonly uses: readonly KnownUse[];
  readonly waitingFor: string | null;
  /** Whether it goes on only after somebody did something. */
  readonly blocked: boolean;
}

/** What to do: write the ledger (if it is another one), then roll; then tell. */
export interface Plan {
  /** The very same object as the input's where there is nothing to write. */
  readonly ledger: LedgerDocument;
  readonly rolls: readonly RollAction[];
  /** To be emitted once the ledger is written. */
  readonly events: readonly ProductEvent[];
  readonly services: readonly ServicePlan[];
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
  const situations = input.services.map((serviceUses) => situationOf(serviceUses, input, secrets, replaced));
  let rolling = situations.filter(({ situation }) => isRolling(situation)).length;
  for (const { serviceUses, situation: full, lifted } of situations.toSorted(byWaitingTime)) {
    const situation = Object.assign(full, { mayBegin: rolling < input.policy.maxParallel });
    const { service, uses } = situation;
    const decision = planRollout(situation);
    if (decision.roll !== null) {
      rolls.push(decision.roll);
      if (!isRolling(situation)) rolling += 1;
    }
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
    });
  }
  // In the order of the input, so that an unchanged ledger has the same text.
  const services: Record<string, LedgerService> = {};
  for (const { service } of input.services) {
    const entry = entries.get(service.id);
    if (entry !== undefined) services[service.id] = entry;
  }
  const next: LedgerDocument = { ...input.ledger, secrets, services };
  return { ledger: equal(next, input.ledger) ? input.ledger : next, rolls, events: allEvents, services: states };
}

function situationOf(
  serviceUses: ServiceUses,
  input: PlanInput,
  secrets: Readonly<Record<string, LedgerSecret>>,
  replaced: ReadonlyMap<string, LedgerSecret>,
): {
  readonly serviceUses: ServiceUses;
  readonly situation: Omit<Situation, 'mayBegin'>;
  readonly lifted: readonly ProductEvent[];
} {
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
 * whose path label is new, or is gone, was called otherwise before.
 */
function noteReplaced(
  entry: LedgerService,
  stored: LedgerService,
  { service, uses }: ServiceUses,
  replaced: ReadonlyMap<string, LedgerSecret>,
  ledger: LedgerDocument,
): LedgerService {
  let { earlier } = entry;
  for (const { key, otherKey } of uses) {
    const value = replaced.get(key) ?? (ledger.secrets[key] === undefined ? ledger.secrets[otherKey] : undefined);
    const isKnownOtherwise = setAsideWith(stored, key) !== undefined || key in (entry.rollout?.target ?? {});
    if (value !== undefined && !isKnownOtherwise) earlier = noteEarlier(earlier, key, value, service.tasks);
  }
  return { ...entry, earlier };
}

function knownUses(
  { service, uses }: ServiceUses,
  entry: LedgerService,
  { current, answered, ledger, nowMs }: PlanInput,
  secrets: Readonly<Record<string, LedgerSecret>>,
): readonly KnownUse[] {
  const running = service.tasks.filter(({ state }) => state === 'running');
  return uses
    .filter(({ ref }) => ref.pin === undefined)
    .map((use) => {
      const now = current(use.refKey);
      const held: { readonly task: WorkloadTask; readonly value: HeldValue }[] = [];
      for (const task of running) {
        const value = heldBy(task, use, now, answered, ledger, entry);
        if (value !== undefined) held.push({ task, value });
      }
      const seenAtMs = setAsideWith(entry, use.key)?.sinceMs ?? secrets[use.key]?.seenAtMs ?? nowMs;
      return { use, wanted: wantedOf(entry, use.key, now), seenAtMs, held };
    });
}

/** Which service is given a place first: the one whose tasks have held an outdated value for the longest time. */
function byWaitingTime(a: { readonly situation: Omit<Situation, 'mayBegin'> }, b: typeof a): number {
  return outdatedSinceMs(a.situation) - outdatedSinceMs(b.situation);
}

function outdatedSinceMs({ uses }: Omit<Situation, 'mayBegin'>): number {
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
function isRolling({ service, entry }: Omit<Situation, 'mayBegin'>): boolean {
  const { rollout } = entry;
  if (rollout?.state !== 'open' || isEnded(service)) return false;
  return !isOfRollout(entry, service.generation) || service.rollout.state !== 'completed';
}

/**
 * The highest generation that is known to have been used. A rollback brings a smaller one back, and a number that is used
 * again would make the tasks of one rollout pass for those of another. While a rollout is open it stays as it is: a
 * number above the rollout's would mean that the rollout undoes it.
 */
function spentGeneration(situation: Situation, { entry: next }: Decision): number {
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
