import type { TimeSlices } from '@vault-swarm/kernel';
import type { ProductEvent } from '@vault-swarm/provider';
import { type BindingState, outdatedTasks } from '../bindings/binding-state.ts';
import type { LedgerDocument, LedgerSecret, LedgerService } from '../ledger/ledger.ts';
import type { WaitingReason } from '../ports/waiting-reason.ts';
import { recordTasks } from '../tasks/task-records.ts';
import { decideAll } from './decide-all.ts';
import type { Decision, RollAction } from './decision.ts';
import type { PlanInput } from './plan-input.ts';
import { planSecrets } from './plan-secrets.ts';
import { type OwnServiceState, type PreparedService, prepareService } from './prepare-service.ts';
import type { Ramp } from './ramp.ts';
import { dueBindings, isStable, nextGeneration } from './service-state.ts';

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
  /** How many of its rollouts followed each other: see `Pace`. */
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
 * Compares the desired with the actual revision of each running task, and decides what to do about the difference. Other
 * work of the process may run between two services. The values of the providers do not change meanwhile: see
 * {@link PlanInput.current}. What else the input's functions say may be newer for a later service.
 */
export async function plan(input: PlanInput, slices: TimeSlices): Promise<Plan> {
  const { secrets, replaced, events } = planSecrets(input);
  const rolls: RollAction[] = [];
  const allEvents: ProductEvent[] = [...events];
  const entries = new Map<string, LedgerService>();
  const states: ServicePlan[] = [];
  const outdatedKeys = new Set<string>();
  const waiting: { readonly prepared: PreparedService; readonly sinceMs: number }[] = [];
  for (const serviceBindings of input.services) {
    if (slices.isOver) await slices.next();
    const prepared = prepareService(serviceBindings, input, secrets, replaced);
    waiting.push({ prepared, sinceMs: outdatedSinceMs(prepared.serviceState) });
  }
  // The service whose tasks have been outdated for the longest time gets a place first.
  const serviceStates = waiting.sort((a, b) => a.sinceMs - b.sinceMs).map(({ prepared }) => prepared);
  const { decided, ramp } = await decideAll(serviceStates, input, slices);
  for (const { serviceBindings, serviceState, released, decision } of decided) {
    if (slices.isOver) await slices.next();
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
    if (entry !== null) entries.set(service.id, sameOr(input.ledger.services[service.id], entry));
    for (const known of bindings) if (outdatedTasks(known).length > 0) outdatedKeys.add(known.binding.key);
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
  const services = Object.fromEntries(entries);
  const next: LedgerDocument = {
    ...input.ledger,
    secrets: withoutOldTriggers(secrets, outdatedKeys, services),
    services,
  };
  return { ledger: equal(next, input.ledger) ? input.ledger : next, rolls, events: allEvents, services: states, ramp };
}

/**
 * The secrets without how their values were noticed, once no task has another value. It is removed when the rollout is
 * closed, so that it costs no write of its own.
 */
function withoutOldTriggers(
  secrets: Readonly<Record<string, LedgerSecret>>,
  outdated: ReadonlySet<string>,
  entries: LedgerDocument['services'],
): Readonly<Record<string, LedgerSecret>> {
  const noticed = Object.entries(secrets).filter(([, secret]) => secret.noticed !== undefined);
  if (noticed.length === 0) return secrets;
  const rolling = new Set(Object.values(entries).flatMap(({ rollout }) => Object.keys(rollout?.target ?? {})));
  const over = noticed.filter(([key]) => !outdated.has(key) && !rolling.has(key));
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

function outdatedSinceMs({ bindings, entry: { rollout } }: OwnServiceState): number {
  const since = bindings.filter((known) => outdatedTasks(known).length > 0).map(({ seenAtMs }) => seenAtMs);
  // None of its tasks may run any more.
  if (rollout !== null && rollout.state !== 'failed') since.push(rollout.changedAtMs);
  return Math.min(Number.MAX_SAFE_INTEGER, ...since);
}

/**
 * The highest generation that is known to have been used. A rollback restores a smaller one. If a number were used
 * again, tasks of one rollout would count as those of another. It does not change while a rollout is open: a number
 * above the rollout's would mean that the rollout undoes it.
 */
function highestUsedGeneration(serviceState: OwnServiceState, { entry: next }: Decision): number {
  return next.rollout === null ? nextGeneration(serviceState) - 1 : next.highestUsedGeneration;
}

/** The earlier entry if it says the same. */
function sameOr(earlier: LedgerService | undefined, entry: LedgerService): LedgerService {
  return earlier !== undefined && JSON.stringify(earlier) === JSON.stringify(entry) ? earlier : entry;
}

/** Unchanged secrets and services are the same objects. There may be 20,000 secrets. */
function equal(a: LedgerDocument, b: LedgerDocument): boolean {
  return hasSame(a.secrets, b.secrets) && hasSame(a.services, b.services);
}

function hasSame<T>(a: Readonly<Record<string, T>>, b: Readonly<Record<string, T>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
