import type { ProductEvent } from '@vault-swarm/provider';
import { type HeldValue, sameValue } from './held-value.ts';
import { type Answered, answeredTo, type CurrentValue, heldBy, notedForAge } from './holdings.ts';
import {
  type EarlierValue,
  type LedgerDocument,
  type LedgerSecret,
  type LedgerService,
  NOTHING_OPEN,
} from './ledger.ts';
import { planSecrets } from './plan-secrets.ts';
import { type KnownUse, planRollout, type RollAction, type RotationPolicy } from './plan-service.ts';
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
  /** The failed tasks of the services whose rollout the orchestrator ended, by service id. */
  readonly failures: ReadonlyMap<string, readonly FailedTask[]>;
  /** Updates that the orchestrator refused for good, by service id. */
  readonly rejections: ReadonlyMap<string, string>;
}

/** How a service stands. */
export interface ServicePlan {
  readonly serviceId: string;
  readonly runningTasks: number;
  readonly outdatedTasks: number;
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
 * Compares what every running task holds with what the providers have now, and says what to do about the difference.
 * A pure function: the same input gives the same plan.
 */
export function plan(input: PlanInput): Plan {
  const { secrets, replaced, events } = planSecrets(input);
  const rolls: RollAction[] = [];
  const allEvents: ProductEvent[] = [...events];
  const services: Record<string, LedgerService> = {};
  const states: ServicePlan[] = [];
  let rolling = Object.values(input.ledger.services).filter(
    ({ rollout }) => rollout !== null && !rollout.failed,
  ).length;
  for (const serviceUses of input.services) {
    const { service } = serviceUses;
    const before = input.ledger.services[service.id] ?? NOTHING_OPEN;
    const noted = { ...before, earlier: noteReplaced(serviceUses, before, input, replaced) };
    const uses = knownUses(serviceUses, noted, input, secrets);
    const decision = planRollout({
      nowMs: input.nowMs,
      service,
      entry: noted,
      uses,
      unknown: serviceUses.uses.filter(({ refKey }) => input.current(refKey) === undefined).map(({ key }) => key),
      policy: input.policy,
      rejection: input.rejections.get(service.id),
      failures: input.failures.get(service.id) ?? null,
      mayBegin: rolling < input.policy.maxParallel,
    });
    const { rollout, roll } = decision;
    if (roll !== null) rolls.push(roll);
    if (rollout !== null && !rollout.failed && (before.rollout === null || before.rollout.failed)) rolling += 1;
    allEvents.push(...decision.events);
    const entry = sparse({ ...noted, rollout }, serviceUses, uses, input, secrets);
    if (entry !== null) services[service.id] = entry;
    states.push({
      serviceId: service.id,
      runningTasks: service.tasks.filter(({ state }) => state === 'running').length,
      outdatedTasks: new Set(uses.flatMap(({ outdated }) => outdated.map(({ id }) => id))).size,
      waitingFor: decision.waitingFor,
      blocked: decision.blocked,
    });
  }
  const next: LedgerDocument = { ...input.ledger, secrets, services };
  return { ledger: equal(next, input.ledger) ? input.ledger : next, rolls, events: allEvents, services: states };
}

/** Tasks that were made before a change was seen hold the value before it, until they are known to hold another. */
function noteReplaced(
  { service, uses }: ServiceUses,
  { earlier }: LedgerService,
  { nowMs }: PlanInput,
  replaced: ReadonlyMap<string, LedgerSecret>,
): LedgerService['earlier'] {
  const alive = service.tasks.filter(({ state }) => state !== 'ended');
  if (alive.length === 0) return earlier;
  // Each of them was made before this pass, whatever the clocks say, which may have been set back in between.
  const untilMs = Math.max(nowMs, ...alive.map(({ createdAtMs }) => createdAtMs + 1));
  const next: Record<string, readonly EarlierValue[]> = { ...earlier };
  for (const { key } of uses) {
    const value = replaced.get(key);
    if (value === undefined) continue;
    next[key] = [...(earlier[key] ?? []), { revision: value.revision, digest: value.digest, untilMs }];
  }
  return next;
}

function knownUses(
  { service, uses }: ServiceUses,
  entry: LedgerService,
  { current, answered, ledger }: PlanInput,
  secrets: Readonly<Record<string, LedgerSecret>>,
): readonly KnownUse[] {
  const running = service.tasks.filter(({ state }) => state === 'running');
  return uses.flatMap((use) => {
    const value = current(use.refKey);
    const seenAtMs = secrets[use.key]?.seenAtMs;
    if (value === undefined || seenAtMs === undefined || use.ref.pin !== undefined) return [];
    const outdated = running.filter((task) => !sameValue(heldBy(task, use, value, answered, ledger, entry), value));
    return [{ use, current: value, seenAtMs, outdated }];
  });
}

/**
 * The entry with only what the ledger needs to say, or `null` where that is nothing: earlier values that a task still
 * holds, and tasks that hold something else than their age says. While a rollout is open nothing is taken out, since
 * each of its tasks would be a write.
 */
function sparse(
  entry: LedgerService,
  { service, uses }: ServiceUses,
  known: readonly KnownUse[],
  { current, answered, ledger }: PlanInput,
  secrets: Readonly<Record<string, LedgerSecret>>,
): LedgerService | null {
  const alive = service.tasks.filter(({ state }) => state !== 'ended');
  const isOpen = entry.rollout?.failed === false;
  const earlier: Record<string, readonly EarlierValue[]> = isOpen ? { ...entry.earlier } : {};
  const exceptions: Record<string, Record<string, HeldValue>> = {};
  if (isOpen) for (const [id, values] of Object.entries(entry.exceptions)) exceptions[id] = { ...values };
  for (const key of unreadKeys(service, uses)) carryOver(entry, key, earlier, exceptions);
  for (const use of uses) {
    const { key } = use;
    const now = current(use.refKey);
    // While the provider was not asked yet, the ledger's value is the one that others are compared with.
    const value = now ?? lastKnown(ledger, key);
    if (now === undefined && entry.earlier[key] !== undefined) earlier[key] = entry.earlier[key];
    if (value === undefined) continue;
    const isOutdated = known.some((other) => other.use === use && other.outdated.length > 0);
    const values = isOutdated ? firstSeen(entry, key, value, ledger, alive) : [];
    const needed = values.filter(({ untilMs }) => alive.some((task) => task.createdAtMs < untilMs));
    const kept = isOpen ? values : needed;
    if (now !== undefined && kept.length > 0) earlier[key] = kept;
    const next = { ...entry, earlier };
    for (const task of alive) {
      const held = answeredTo(task, use, value, answered) ?? entry.exceptions[task.id]?.[key];
      if (held === undefined || sameValue(held, notedForAge(task, key, value, { ...ledger, secrets }, next))) continue;
      const noted = exceptions[task.id] ?? {};
      noted[key] = { revision: held.revision, digest: held.digest };
      exceptions[task.id] = noted;
    }
  }
  const empty = entry.rollout === null && Object.keys(earlier).length === 0 && Object.keys(exceptions).length === 0;
  return empty ? null : { rollout: entry.rollout, earlier, exceptions };
}

/** What is noted of a secret whose labels can't be read now stays as it is. */
function carryOver(
  entry: LedgerService,
  key: string,
  earlier: Record<string, readonly EarlierValue[]>,
  exceptions: Record<string, Record<string, HeldValue>>,
): void {
  if (entry.earlier[key] !== undefined) earlier[key] = entry.earlier[key];
  for (const [id, values] of Object.entries(entry.exceptions)) {
    if (values[key] !== undefined) exceptions[id] = { ...exceptions[id], [key]: values[key] };
  }
}

function lastKnown(ledger: LedgerDocument, key: string): CurrentValue | undefined {
  const known = ledger.secrets[key];
  return known === undefined ? undefined : { ...known, createdAtMs: null };
}

/**
 * The earlier values of a ref. Where the ledger did not know the ref until now, and tasks are surely older than its
 * value, that is noted once, since from now on the ledger knows the ref.
 */
function firstSeen(
  entry: LedgerService,
  key: string,
  value: CurrentValue,
  ledger: LedgerDocument,
  alive: readonly WorkloadTask[],
): readonly EarlierValue[] {
  const values = entry.earlier[key] ?? [];
  if (ledger.secrets[key] !== undefined || values.length > 0) return values;
  const older = alive.filter((task) => !sameValue(notedForAge(task, key, value, ledger, entry), value));
  if (older.length === 0) return values;
  return [{ revision: '', digest: null, untilMs: Math.max(...older.map(({ createdAtMs }) => createdAtMs)) + 1 }];
}

function equal(a: LedgerDocument, b: LedgerDocument): boolean {
  return JSON.stringify([a.secrets, a.services]) === JSON.stringify([b.secrets, b.services]);
}
