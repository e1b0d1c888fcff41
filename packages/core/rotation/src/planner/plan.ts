import type { OrchestratorWords, ProductEvent, StartTimes } from '@vault-swarm/provider';
import {
  type BindingState,
  outdatedTasks,
  targetsDesired,
  waitsForNodes,
  withEarlier,
} from '../bindings/binding-state.ts';
import { type ServiceBindings, unboundKeys, unresolvedKeys } from '../bindings/secret-binding.ts';
import {
  changedValues,
  isOfRollout,
  type LedgerDocument,
  type LedgerSecret,
  type LedgerService,
  NOTHING_OPEN,
  type OpenRollout,
  quarantineOf,
  type Values,
} from '../ledger/ledger.ts';
import { isOfRef, type SecretVersion, untagRevision } from '../ledger/secret-version.ts';
import type { FailedTask } from '../ports/orchestrator.ts';
import type { RotationPolicy } from '../ports/rotation-ports.ts';
import type { WaitingReason } from '../ports/waiting-reason.ts';
import { addPreviousValue } from '../tasks/previous-values.ts';
import { recordTasks } from '../tasks/task-records.ts';
import { type Answered, actualVersion, type CurrentValue, desiredVersion } from '../tasks/task-revision.ts';
import { type FailedValue, FailedValues, failedValues } from './failed-values.ts';
import { fairTurns } from './fair-turns.ts';
import { planRollout, stoppedIntent } from './plan-rollout.ts';
import { planSecrets } from './plan-secrets.ts';
import { releaseOutdated } from './quarantine.ts';
import { nextRamp, Places, type Ramp } from './ramp.ts';
import type { Pace } from './rollout-pace.ts';
import { NOT_TRACKED, type Stability, type TrackedRollout } from './rollout-tracker.ts';
import {
  type Availability,
  type Decision,
  dueBindings,
  isHalted,
  isStable,
  isUpdating,
  nextGeneration,
  type RollAction,
  type ServiceState,
} from './service-state.ts';

/** Everything that a plan depends on. */
export interface PlanInput {
  readonly nowMs: number;
  readonly services: readonly ServiceBindings[];
  /** The provider's current value of a ref; `undefined` if it is not known (yet). */
  readonly current: (refKey: string) => CurrentValue | undefined;
  readonly answered: Answered;
  readonly ledger: LedgerDocument;
  readonly policy: RotationPolicy;
  /** See `Orchestrator.words`. */
  readonly words?: OrchestratorWords | undefined;
  /** When rotations may start, unless the secret's labels say otherwise. */
  readonly startTimes: StartTimes;
  /** What this process has seen of an open rollout: for how long, and whether its update was applied. */
  readonly watched: (serviceId: string, open: OpenRollout) => TrackedRollout;
  /** For how long this process has seen a service unchanged. */
  readonly stability: (serviceId: string) => Stability;
  /** How the rollouts of a service follow each other. */
  readonly pace: (serviceId: string) => Pace;
  /** Whether a replaced value of a ref can still be delivered. */
  readonly lastGood: (refKey: string, revision: string) => Availability;
  /** The failed tasks of the services that need them for a decision, by service id. */
  readonly failures: ReadonlyMap<string, readonly FailedTask[]>;
  /** Why the provider delivers no value of a ref; `null` if it delivers one, or does not answer. */
  readonly undeliverable: (refKey: string) => string | null;
  /** When the first credential that tasks of a service use ends, in milliseconds since 1970; by default none does. */
  readonly leaseEndMs?: (serviceId: string) => number;
  /** Updates that the orchestrator rejected permanently, by service id. */
  readonly rejections: ReadonlyMap<string, string>;
  /** How many rollouts succeeded. */
  readonly ramp: Ramp;
  /** The bindings of a service in an earlier plan; empty if there was none. Unchanged bindings keep their objects. */
  readonly earlierUses: (serviceId: string) => readonly BindingState[];
}

/** The state of a service after the plan. */
export interface ServicePlan {
  readonly serviceId: string;
  readonly runningTasks: number;
  readonly outdatedTasks: number;
  /** The actual and desired revisions of each secret that has no pinned version. */
  readonly bindings: readonly BindingState[];
  readonly waitingReason: WaitingReason | null;
  /** Whether it proceeds only after an action of a person, or after a longer time. */
  readonly blocked: boolean;
  /** When it proceeds by itself, in milliseconds since 1970; `null` if that is not known. */
  readonly resumesAtMs: number | null;
  /** Whether a rollout is due for a value that the service does not have, and may start now. */
  readonly isDue: boolean;
  /** See {@link Pace}. */
  readonly rolloutsInARow: number;
}

/** What to do: write the ledger if it changed, then update services, then emit the events. */
export interface Plan {
  /** The same object as the input's if there is nothing to write. */
  readonly ledger: LedgerDocument;
  readonly rolls: readonly RollAction[];
  /** To be emitted after the ledger was written. */
  readonly events: readonly ProductEvent[];
  readonly services: readonly ServicePlan[];
  /** Valid after the ledger was written. */
  readonly ramp: Ramp;
}

/**
 * Compares the desired with the actual revision of each running task, and decides what to do about the difference. A
 * pure function: the same input gives the same plan.
 */
export function plan(input: PlanInput): Plan {
  const { secrets, replaced, events } = planSecrets(input);
  const rolls: RollAction[] = [];
  const allEvents: ProductEvent[] = [...events];
  const entries = new Map<string, LedgerService>();
  const states: ServicePlan[] = [];
  const serviceStates = input.services
    .map((serviceBindings) => serviceStateOf(serviceBindings, input, secrets, replaced))
    .toSorted(byWaitingTime);
  const { decided, ramp } = decideAll(serviceStates, input);
  for (const { serviceBindings, serviceState, released, decision } of decided) {
    const { service, bindings } = serviceState;
    if (decision.roll !== null) rolls.push(decision.roll);
    allEvents.push(...released, ...decision.events);
    const entry = recordTasks({
      service,
      bindings: serviceBindings.bindings,
      current: input.current,
      answered: input.answered,
      ledger: input.ledger,
      before: serviceState.entry,
      after: { ...decision.entry, highestUsedGeneration: highestUsedGeneration(serviceState, decision) },
      known: bindings,
      isStable: isStable(serviceState),
      secrets,
    });
    if (entry !== null) entries.set(service.id, entry);
    states.push({
      serviceId: service.id,
      runningTasks: service.tasks.filter(({ state }) => state === 'running').length,
      outdatedTasks: countOutdated(bindings, secrets),
      bindings,
      waitingReason: decision.waitingReason,
      blocked: decision.blocked,
      resumesAtMs: decision.resumesAtMs,
      isDue: dueBindings(serviceState).length > 0 && decision.resumesAtMs === null,
      rolloutsInARow: input.pace(service.id).inARow,
    });
  }
  // In the order of the input, so that an unchanged ledger has the same text.
  const services: Record<string, LedgerService> = {};
  for (const { service } of input.services) {
    const entry = entries.get(service.id);
    if (entry !== undefined) services[service.id] = entry;
  }
  const next: LedgerDocument = { ...input.ledger, secrets: withoutOldTriggers(secrets, states, services), services };
  return { ledger: equal(next, input.ledger) ? input.ledger : next, rolls, events: allEvents, services: states, ramp };
}

/**
 * The secrets without how their values were noticed, once no task has another value. It is removed when the rollout is
 * closed, so that it costs no write of its own.
 */
function withoutOldTriggers(
  secrets: Readonly<Record<string, LedgerSecret>>,
  services: readonly ServicePlan[],
  entries: LedgerDocument['services'],
): Readonly<Record<string, LedgerSecret>> {
  const noticed = Object.entries(secrets).filter(([, secret]) => secret.noticed !== undefined);
  if (noticed.length === 0) return secrets;
  const outdated = services.flatMap(({ bindings }) =>
    bindings.filter((known) => outdatedTasks(known).length > 0).map(({ binding }) => binding.key),
  );
  const rolling = Object.values(entries).flatMap(({ rollout }) => Object.keys(rollout?.target ?? {}));
  const pending = new Set([...outdated, ...rolling]);
  const over = noticed.filter(([key]) => !pending.has(key));
  return { ...secrets, ...Object.fromEntries(over.map(([key, { noticed: _, ...secret }]) => [key, secret])) };
}

/** Running tasks without the desired value. While a poll is due that tells it, the latest value that was seen counts. */
function countOutdated(bindings: readonly BindingState[], secrets: Readonly<Record<string, LedgerSecret>>): number {
  const outdated = bindings.flatMap((known) => {
    const { desired, binding } = known;
    const isAwaited = desired === undefined && binding.ref.lease === undefined;
    return outdatedTasks(isAwaited ? { ...known, desired: secrets[binding.key] } : known);
  });
  return new Set(outdated).size;
}

/** A service state without what depends on the other services. */
type OwnServiceState = Omit<ServiceState, 'hasCapacity' | 'failedIn'>;

interface PlannedService {
  readonly serviceBindings: ServiceBindings;
  readonly serviceState: OwnServiceState;
  readonly released: readonly ProductEvent[];
}

/**
 * Decides about each service. The one that waits longest comes first, and tenants take turns. A newly found failed
 * value also stops services that were already decided. So everything is decided again then.
 */
function decideAll(
  serviceStates: readonly PlannedService[],
  { policy, ramp }: Pick<PlanInput, 'policy' | 'ramp'>,
): { readonly decided: readonly (PlannedService & { readonly decision: Decision })[]; readonly ramp: Ramp } {
  const known = serviceStates.flatMap(({ serviceState }) => failedValues(serviceState));
  const found: FailedValue[] = [];
  for (;;) {
    const failed = new FailedValues([...known, ...found]);
    const failedNow = new FailedValues(found);
    const revisions = found.map(({ value }) => value.revision);
    const inForce = nextRamp(ramp, { completed: [], failed: revisions, isIdle: false });
    const asked = serviceStates.map((each) => ({ ...each, serviceState: withoutFailed(each.serviceState, failedNow) }));
    const places = new Places(policy, inForce);
    const forService = ({ service }: OwnServiceState) => ({
      hasCapacity: (values: Values) => places.has(values),
      failedIn: (key: string, value: SecretVersion) => failed.failedIn(service.id, key, value),
    });
    const takenBy = new Map<string, number>();
    const take = ({ service }: OwnServiceState, rollout: OpenRollout) => {
      places.take(rollout);
      const tenant = tenantOf({ service });
      takenBy.set(tenant, (takenBy.get(tenant) ?? 0) + 1);
    };
    for (const { serviceState } of asked) {
      const { rollout } = serviceState.entry;
      if (rollout === null || !isRolling(serviceState)) continue;
      if (stoppedIntent({ ...serviceState, ...forService(serviceState) }, rollout) === null)
        take(serviceState, rollout);
    }
    const decided: (PlannedService & { readonly decision: Decision })[] = [];
    const inTurn = fairTurns(
      asked,
      ({ serviceState }) => tenantOf(serviceState),
      (tenant) => takenBy.get(tenant) ?? 0,
    );
    for (const each of inTurn) {
      const decision = planRollout({ ...each.serviceState, ...forService(each.serviceState) });
      const { rollout } = decision.entry;
      if (decision.roll !== null && rollout !== null && !isRolling(each.serviceState)) take(each.serviceState, rollout);
      decided.push({ ...each, decision });
    }
    const failures = decided.flatMap(({ serviceState, decision: { entry, heldAgainst } }) => {
      return failedValues({ ...serviceState, entry }, heldAgainst).filter((value) => !failed.has(value));
    });
    if (failures.length > 0) {
      found.push(...failures);
      continue;
    }
    const completed = decided.flatMap(({ serviceState: { entry }, decision }) => {
      const isCompleted = decision.events.some(({ type }) => type === 'rollout.completed');
      return isCompleted && entry.rollout !== null ? [entry.rollout] : [];
    });
    return { decided, ramp: nextRamp(inForce, { completed, failed: revisions, isIdle: places.areIdle }) };
  }
}

function tenantOf({ service }: Pick<OwnServiceState, 'service'>): string {
  return service.tenant ?? '';
}

/** Removes requests for a value that has just failed in another service, unless this service's rollout already brings it. */
function withoutFailed(serviceState: OwnServiceState, failed: FailedValues): OwnServiceState {
  const { entry, bindings, service } = serviceState;
  if (entry.requested.length === 0) return serviceState;
  const { rollout } = entry;
  const isOver = (key: string) => {
    const known = bindings.find(({ binding }) => binding.key === key);
    if (known?.desired === undefined || failed.failedIn(service.id, key, known.desired) === undefined) return false;
    return rollout === null || rollout.state === 'failed' || !isBroughtBy(rollout, known);
  };
  return { ...serviceState, entry: { ...entry, requested: entry.requested.filter((key) => !isOver(key)) } };
}

/** Whether the rollout brings the desired value of a secret to tasks that did not have it. */
function isBroughtBy(rollout: OpenRollout, known: BindingState): boolean {
  return known.binding.key in changedValues(rollout) && targetsDesired(rollout, known);
}

function serviceStateOf(
  serviceBindings: ServiceBindings,
  input: PlanInput,
  secrets: Readonly<Record<string, LedgerSecret>>,
  replaced: ReadonlyMap<string, LedgerSecret>,
): PlannedService {
  const { service, bindings } = serviceBindings;
  const stored = input.ledger.services[service.id] ?? NOTHING_OPEN;
  const { entry: inForce, released } = releaseOutdated(stored, serviceBindings, input.current);
  const recorded = recordReplaced(inForce, stored, serviceBindings, replaced, input.ledger);
  const known = bindingStates(serviceBindings, recorded, input, secrets);
  const entry = { ...recorded, requested: recorded.requested.filter((key) => isStillRequested(key, recorded, known)) };
  const open = entry.rollout;
  const watched = open === null ? NOT_TRACKED : input.watched(service.id, open);
  const bindingOf = (key: string) => bindings.find((binding) => binding.key === key);
  return {
    serviceBindings,
    released: released.map(({ failed }) => ({
      type: 'quarantine.ended',
      service: service.name,
      secrets: bindings.filter(({ key }) => key in failed).map(({ secret }) => secret.name),
      reason: 'newer',
    })),
    serviceState: {
      nowMs: input.nowMs,
      service,
      entry,
      bindings: known,
      unread: unresolvedKeys(service, bindings),
      undeliverable: bindings.flatMap(({ refKey, secret, denial }) => {
        const reason = denial ?? input.undeliverable(refKey);
        return reason === null ? [] : [{ secret: secret.name, reason }];
      }),
      policy: input.policy,
      words: input.words,
      startTimes: input.startTimes,
      noticed: (key) => secrets[key]?.noticed,
      isLockedDown: input.ledger.lockdown !== null,
      openForMs: watched.forMs,
      seenApplied: watched.applied,
      seenRolledBack: watched.rolledBack,
      continuouslyObserved: watched.applied && watched.continuouslyObserved,
      startedByThisProcess: watched.startedByThisProcess,
      overtaken: watched.overtaken,
      ...input.stability(service.id),
      pauseMs: input.pace(service.id).pauseMs,
      leaseEndMs: input.leaseEndMs?.(service.id) ?? Number.POSITIVE_INFINITY,
      rejection: input.rejections.get(service.id),
      failures: input.failures.get(service.id) ?? null,
      given: (taskId, key) => input.answered(taskId, bindingOf(key)?.secret.name ?? ''),
      lastGood: (key, value) => {
        const binding = bindingOf(key);
        if (binding === undefined || !isOfRef(value, binding.refKey)) return 'unavailable';
        return input.lastGood(binding.refKey, untagRevision(value.revision));
      },
    },
  };
}

/**
 * Records the replaced values. Tasks that are older than a change have the previous value until another one is known.
 * An open rollout or a quarantine already says what the tasks have. A secret whose path label was added or removed had
 * another key before. A secret that may be used again can change in the meantime.
 */
function recordReplaced(
  entry: LedgerService,
  stored: LedgerService,
  { service, bindings }: ServiceBindings,
  replaced: ReadonlyMap<string, LedgerSecret>,
  ledger: LedgerDocument,
): LedgerService {
  let { previousValues } = entry;
  const note = (key: string, value: LedgerSecret | undefined) => {
    const isKnownOtherwise = quarantineOf(stored, key) !== undefined || key in (entry.rollout?.target ?? {});
    if (value !== undefined && !isKnownOtherwise)
      previousValues = addPreviousValue(previousValues, key, value, service.tasks);
  };
  for (const { key, aliasKey } of bindings) {
    note(key, replaced.get(key) ?? (ledger.secrets[key] === undefined ? ledger.secrets[aliasKey] : undefined));
  }
  for (const key of unboundKeys(service, bindings)) note(key, replaced.get(key));
  return { ...entry, previousValues };
}

function bindingStates(
  { service, bindings }: ServiceBindings,
  entry: LedgerService,
  { current, answered, ledger, nowMs, earlierUses }: PlanInput,
  secrets: Readonly<Record<string, LedgerSecret>>,
): readonly BindingState[] {
  const running = service.tasks.filter(({ state }) => state === 'running');
  const known = bindings
    .filter(({ ref }) => ref.pin === undefined)
    .map((binding): BindingState => {
      const now = current(binding.refKey);
      const actual: BindingState['actual'][number][] = [];
      for (const task of running) {
        const value = actualVersion(task, binding, now, answered, ledger, entry);
        if (value !== undefined) actual.push({ task, value });
      }
      const seenAtMs = quarantineOf(entry, binding.key)?.sinceMs ?? secrets[binding.key]?.seenAtMs ?? nowMs;
      return { binding, desired: desiredVersion(entry, binding.key, now), seenAtMs, actual };
    });
  return withEarlier(known, earlierUses(service.id));
}

/** Which service gets a place first: the one whose tasks have been outdated for the longest time. */
function byWaitingTime(a: PlannedService, b: PlannedService): number {
  return outdatedSinceMs(a.serviceState) - outdatedSinceMs(b.serviceState);
}

function outdatedSinceMs({ bindings }: OwnServiceState): number {
  const since = bindings.filter((known) => outdatedTasks(known).length > 0).map(({ seenAtMs }) => seenAtMs);
  return Math.min(Number.MAX_SAFE_INTEGER, ...since);
}

/**
 * Whether a request is still open. It ends when no task is outdated and no rollout targets the secret, or the secret is
 * no longer rotated.
 */
function isStillRequested(key: string, { rollout }: LedgerService, known: readonly BindingState[]): boolean {
  const binding = known.find((candidate) => candidate.binding.key === key);
  if (binding === undefined || binding.binding.rotate === 'off') return false;
  return (
    binding.desired === undefined || outdatedTasks(binding).length > 0 || (rollout !== null && key in rollout.target)
  );
}

/**
 * Whether the service takes one of the places for parallel rollouts. It does so from the intent on, since the
 * orchestrator may need a while to report the start.
 */
function isRolling({ service, entry, bindings }: OwnServiceState): boolean {
  const { rollout } = entry;
  if (rollout?.state !== 'open' || isHalted(service)) return false;
  if (!isUpdating(service) && waitsForNodes(rollout, bindings)) return false;
  return !isOfRollout(entry, service.generation) || service.rollout.state !== 'completed';
}

/**
 * The highest generation that is known to have been used. A rollback restores a smaller one. If a number were used
 * again, tasks of one rollout would count as those of another. It does not change while a rollout is open: a number
 * above the rollout's would mean that the rollout undoes it.
 */
function highestUsedGeneration(serviceState: OwnServiceState, { entry: next }: Decision): number {
  return next.rollout === null ? nextGeneration(serviceState) - 1 : next.highestUsedGeneration;
}

/** Unchanged secrets are the same objects. There may be 20,000 of them. */
function equal(a: LedgerDocument, b: LedgerDocument): boolean {
  const keys = Object.keys(a.secrets);
  if (keys.length !== Object.keys(b.secrets).length) return false;
  if (keys.some((key) => a.secrets[key] !== b.secrets[key])) return false;
  const open = Object.keys(a.services).length;
  if (open !== Object.keys(b.services).length) return false;
  return open === 0 || JSON.stringify(a.services) === JSON.stringify(b.services);
}
