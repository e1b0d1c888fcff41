import type { LeaseState, LeaseStatus, LeasesStatus } from '../status/lease-status.ts';
import { hasEnded } from './held-leases.ts';
import { describeLocation } from './issuing.ts';
import { isAdopted, isOfGeneration, type LeaseDocument, type LeaseSet } from './lease-document.ts';
import type { LeaseUpkeep } from './lease-upkeep.ts';
import type { LeaseUses } from './lease-uses.ts';
import { rollAtMs } from './plan-epochs.ts';

/** What the status of credentials follows from. */
export interface StatusFacts {
  /** In milliseconds since 1970. */
  readonly nowMs: number;
  readonly document: LeaseDocument;
  readonly uses: LeaseUses;
  readonly upkeep: Pick<LeaseUpkeep, 'renewalOf' | 'failureOf'>;
  readonly maxSets: number;
  /** The name of a service, by its id. */
  readonly nameOf: (serviceId: string) => string;
  /** The epoch that the tasks of a service must have. */
  readonly desiredEpoch: (set: LeaseSet) => number;
  /** How long the latest rollout of a service took; 0 if that is not known. */
  readonly rolloutMs: (serviceId: string) => number;
}

/** Rollouts whose duration is not known are assumed to take this time. */
const ASSUMED_ROLLOUT_MS = 30_000;

/** The status of all credentials, by service and generation. A pure function. */
export function leaseStatuses(facts: StatusFacts): LeasesStatus {
  const accessors = new Set(facts.document.holders.map(({ accessor }) => accessor));
  const sets = facts.document.sets.map((set) => ({ set, status: statusOf(facts, set, accessors) }));
  return {
    maxSets: facts.maxSets,
    sets: sets.map(({ status }) => status),
    endingTooSoon: new Set(sets.flatMap(({ set, status }) => (endsTooSoon(facts, set, status) ? [status.id] : []))),
  };
}

function statusOf(
  { nowMs, uses, upkeep, ...facts }: StatusFacts,
  set: LeaseSet,
  accessors: ReadonlySet<string>,
): LeaseStatus {
  const use = uses.of(set.serviceId, set.leaseKey);
  const { serviceId, generation, provider, issuedAtMs, endMs } = set;
  const tasks = uses.livingTasks(serviceId).filter((task) => isOfGeneration(set, serviceId, task.generation)).length;
  const desired = facts.desiredEpoch(set);
  const state = stateOf(set, { nowMs, tasks, desired });
  const renewal = upkeep.renewalOf(set);
  const rollsAtMs = state === 'active' ? rollAtMs(set, facts.rolloutMs(serviceId), 0) : Number.POSITIVE_INFINITY;
  return {
    id: set.id,
    service: facts.nameOf(serviceId),
    generation,
    provider,
    ref: use === undefined ? null : describeLocation(use.ref),
    secrets: use?.bindings.map(({ secret }) => secret.name) ?? [],
    tasks,
    state,
    holder: set.holder !== null && accessors.has(set.holder) ? 'token' : set.leaseId === null ? 'none' : 'login',
    renewable: set.renewalMs > 0,
    issuedAtMs,
    ...renewal,
    endsAtMs: state === 'unknown' ? null : endMs,
    rollsAtMs: Number.isFinite(rollsAtMs) ? rollsAtMs : null,
    problem: upkeep.failureOf(set),
  };
}

function stateOf(
  set: LeaseSet,
  { nowMs, tasks, desired }: { readonly nowMs: number; readonly tasks: number; readonly desired: number },
): LeaseState {
  if (tasks === 0) return 'unused';
  if (isAdopted(set)) return 'unknown';
  if (hasEnded(set, nowMs)) return 'ended';
  return desired > set.epoch ? 'replacing' : 'active';
}

/** Whether a rollout that starts now may come too late for the tasks that use it. */
function endsTooSoon({ nowMs, rolloutMs }: StatusFacts, set: LeaseSet, status: LeaseStatus): boolean {
  if (status.tasks === 0 || status.state === 'unknown') return false;
  // What is renewed as it should has an end that moves.
  const expiresAtMs = status.problem?.operation === 'renew' ? status.expiresAtMs : null;
  const endMs = Math.min(status.endsAtMs ?? Number.POSITIVE_INFINITY, expiresAtMs ?? Number.POSITIVE_INFINITY);
  return endMs - nowMs < (rolloutMs(set.serviceId) || ASSUMED_ROLLOUT_MS);
}
