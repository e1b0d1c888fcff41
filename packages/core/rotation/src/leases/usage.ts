import type { LedgerDocument } from '../ledger/ledger.ts';
import type { Workload, WorkloadTask } from '../ports/orchestrator.ts';
import { addSet, knowTasks, type LeaseChange } from './lease-changes.ts';
import { adoptedId, isOfGeneration, type LeaseDocument, type LeaseSet } from './lease-document.ts';

/**
 * Whether the credentials of a generation may still be used: by one of its tasks, or by a task that the orchestrator may
 * start while it updates the service.
 */
export function mayBeUsed(service: Workload | undefined, ledger: LedgerDocument, generation: number): boolean {
  if (service === undefined) return false;
  if (service.tasks.some((task) => task.state !== 'ended' && task.generation === generation)) return true;
  const { state } = service.rollout;
  const { rollout = null } = ledger.services[service.id] ?? {};
  return state === 'rolling' || state === 'rolling-back' || (rollout !== null && rollout.state !== 'failed');
}

/** What the accounts of one lease key of a service depend on. */
export interface AccountInput {
  readonly service: Workload;
  readonly leaseKey: string;
  readonly document: LeaseDocument;
  /** The id of the set that this process gave to a task. */
  readonly givenTo: (taskId: string) => string | undefined;
  /** Whether tasks that nobody accounts for are recorded as such now. The leader before may still report them. */
  readonly mayAdopt: boolean;
  /** Starting tasks that were created until this time may have values from another process, in milliseconds since 1970. */
  readonly othersUntilMs: number;
  readonly nowMs: number;
  readonly provider: string;
  /** The epoch that such tasks count as having. */
  readonly epoch: number;
}

/**
 * Records which tasks are known to have which set. A process can end between its answer and this record, and then nobody
 * knows what the task has. Such a task gets a set with an end that has passed, so that the service is rolled.
 */
export function accountForTasks(input: AccountInput): readonly LeaseChange[] {
  const { service, leaseKey, document } = input;
  const alive = service.tasks.filter(({ state }) => state !== 'ended');
  const generations = new Set(alive.map(({ generation }) => generation));
  return [...generations].flatMap((generation) => {
    const sets = document.sets.filter(
      (set) => set.leaseKey === leaseKey && isOfGeneration(set, service.id, generation),
    );
    const tasks = alive.filter((task) => task.generation === generation);
    return accountForGeneration(input, generation, sets, tasks);
  });
}

function accountForGeneration(
  { service, leaseKey, givenTo, mayAdopt, othersUntilMs, nowMs, provider, epoch }: AccountInput,
  generation: number,
  sets: readonly LeaseSet[],
  tasks: readonly WorkloadTask[],
): readonly LeaseChange[] {
  const knownUntilMs = Math.max(0, ...sets.map((set) => set.knownUntilMs));
  const later = tasks.filter(({ createdAtMs }) => createdAtMs > knownUntilMs);
  const isGiven = ({ id }: WorkloadTask) => sets.some((set) => set.id === givenTo(id));
  // A task that has not run yet may still get its first values.
  const unknown = later.filter((task) => task.state === 'running' && !isGiven(task));
  const unknownFromMs = Math.min(Number.POSITIVE_INFINITY, ...unknown.map(({ createdAtMs }) => createdAtMs));
  const starting = later.filter((task) => task.createdAtMs <= othersUntilMs && !isGiven(task));
  const openFromMs = Math.min(unknownFromMs, ...starting.map(({ createdAtMs }) => createdAtMs));
  const changes = later.flatMap((task) => {
    const setId = givenTo(task.id);
    return setId !== undefined && isGiven(task) && task.createdAtMs < openFromMs
      ? [knowTasks(setId, task.createdAtMs)]
      : [];
  });
  if (unknown.length === 0 || !mayAdopt) return changes;
  const adopted: LeaseSet = {
    id: adoptedId(service.id, generation, leaseKey, unknownFromMs),
    serviceId: service.id,
    generation,
    provider,
    leaseKey,
    epoch: Math.max(epoch, ...sets.map((set) => set.epoch)),
    issuedAtMs: nowMs,
    leaseId: null,
    renewalMs: 0,
    endMs: nowMs,
    holder: null,
    knownUntilMs: Math.max(...unknown.map(({ createdAtMs }) => createdAtMs)),
  };
  return [...changes, addSet(adopted)];
}
