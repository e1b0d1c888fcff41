import type { ProductEvent } from '@vault-swarm/provider';
import type { SecretBinding, ServiceBindings } from '../bindings/secret-binding.ts';
import {
  changedValues,
  type LedgerDocument,
  type LedgerService,
  NOTHING_OPEN,
  type Quarantine,
} from '../ledger/ledger.ts';
import { sameValue } from '../ledger/secret-version.ts';
import { release } from '../planner/quarantine.ts';
import type { FailedBefore, RequestedService, RotateRequest } from '../ports/manual-rotation.ts';
import { type Answered, actualVersion, type CurrentValue } from '../tasks/task-revision.ts';

/** The effect of a request. */
export interface RequestPlan {
  /** The same object as the input's if there is nothing to write. */
  readonly ledger: LedgerDocument;
  readonly services: readonly RequestedService[];
  /** To be emitted after the ledger was written. */
  readonly events: readonly ProductEvent[];
}

/** Everything that a manual request depends on. */
export interface ManualRequestInput {
  readonly request: RotateRequest;
  readonly services: readonly ServiceBindings[];
  readonly current: (refKey: string) => CurrentValue | undefined;
  readonly answered: Answered;
  readonly ledger: LedgerDocument;
}

/** Finds the services of a manual request, and records it in the ledger for the leader. A pure function. */
export function planRequest(input: ManualRequestInput): RequestPlan {
  const { request, ledger } = input;
  const services: Record<string, LedgerService> = { ...ledger.services };
  const requested: RequestedService[] = [];
  const events: ProductEvent[] = [];
  let isChanged = false;
  for (const serviceBindings of input.services) {
    const { service, bindings } = serviceBindings;
    const before = ledger.services[service.id] ?? NOTHING_OPEN;
    const concerned = bindings.filter((binding) => concerns(request, service.name, binding, before));
    if (concerned.length === 0) continue;
    const rollable = concerned.filter(({ ref, rotate }) => ref.pin === undefined && rotate !== 'off');
    const answer = (outcome: RequestedService['outcome'], brings = false) =>
      requested.push({
        name: service.name,
        secrets: concerned.map(({ secret }) => secret.name),
        outcome,
        ...(brings ? failedBefore(serviceBindings, concerned, input) : {}),
      });
    // A secret that is not rotated may be in quarantine together with another one. It is released too.
    const sets = before.quarantines.filter(({ failed }) => concerned.some(({ key }) => key in failed));
    if (service.kind === 'job' || (rollable.length === 0 && sets.length === 0)) {
      answer('not-applicable');
      continue;
    }
    const { entry, rolls, released } = recordRequest(serviceBindings, rollable, sets, before, input);
    const isInProgress = before.rollout !== null && before.rollout.state !== 'failed';
    const isRecorded = entry.requested.join() !== before.requested.join() || released.length > 0;
    if (rolls || isInProgress) answer('scheduled', true);
    else if (entry.requested.length > 0) answer('pending', true);
    else answer(isForced(request) && service.desiredTasks !== 0 ? 'restarted' : 'up-to-date');
    if (!isRecorded) continue;
    isChanged = true;
    services[service.id] = entry;
    if (released.length > 0)
      events.push({ type: 'quarantine.ended', service: service.name, secrets: released, reason: 'manual' });
  }
  return { ledger: isChanged ? { ...ledger, services } : ledger, services: requested, events };
}

function isForced(request: RotateRequest): boolean {
  return request.kind !== 'quarantined' && request.force === true;
}

/** The newest values of these secrets that are quarantined: for this service, else for another one. */
function failedBefore(
  { service: { id } }: ServiceBindings,
  concerned: readonly SecretBinding[],
  { services, current, ledger }: ManualRequestInput,
): { readonly failedBefore?: FailedBefore } {
  const failing = [...services].sort((a, b) => Number(b.service.id === id) - Number(a.service.id === id));
  for (const { service } of failing) {
    for (const { failed, sinceMs, reason, isByUser } of ledger.services[service.id]?.quarantines ?? []) {
      if (isByUser) continue;
      const again = concerned.filter(({ key, refKey }) => {
        const [value, now] = [failed[key], current(refKey)];
        return value !== undefined && (now === undefined || sameValue(value, now));
      });
      if (again.length === 0) continue;
      const secrets = again.map(({ secret }) => secret.name);
      return { failedBefore: { secrets, service: service.name, sinceMs, reason } };
    }
  }
  return {};
}

function concerns(request: RotateRequest, serviceName: string, binding: SecretBinding, entry: LedgerService): boolean {
  switch (request.kind) {
    case 'secret':
      return binding.secret.name === request.name;
    case 'service':
      return serviceName === request.name;
    case 'quarantined': {
      const isLeft = entry.rollout?.state === 'failed' && binding.key in changedValues(entry.rollout);
      return isLeft || entry.quarantines.some(({ failed }) => binding.key in failed);
    }
  }
}

function recordRequest(
  serviceBindings: ServiceBindings,
  rollable: readonly SecretBinding[],
  sets: readonly Quarantine[],
  before: LedgerService,
  { current, answered, ledger }: ManualRequestInput,
): { readonly entry: LedgerService; readonly rolls: boolean; readonly released: readonly string[] } {
  const { service, bindings } = serviceBindings;
  const isConcerned = (key: string) => rollable.some((binding) => binding.key === key);
  const liftedKeys = sets.flatMap(({ failed }) => Object.keys(failed));
  const released = release(before, serviceBindings, sets);
  const failedKeys =
    before.rollout?.state === 'failed' ? Object.keys(changedValues(before.rollout)).filter(isConcerned) : [];
  const unknown = rollable.filter(({ refKey }) => current(refKey) === undefined);
  // A credential that ends has no newer value at its provider: a request creates one.
  const isRunning = service.tasks.some(({ state }) => state === 'running');
  const leased = rollable.filter(({ ref, denial }) => ref.lease !== undefined && denial === undefined && isRunning);
  const outdated = rollable.filter((binding) => {
    const now = current(binding.refKey);
    if (now === undefined) return false;
    return service.tasks.some((task) => {
      const actual =
        task.state === 'running' ? actualVersion(task, binding, now, answered, ledger, released) : undefined;
      return actual !== undefined && !sameValue(actual, now);
    });
  });
  const rolled = [...[...outdated, ...leased].map(({ key }) => key), ...liftedKeys, ...failedKeys];
  const requested = withRequests(released.requested, [...rolled, ...unknown.map(({ key }) => key)]);
  return {
    entry: { ...released, requested },
    rolls: rolled.length > 0,
    released: bindings.filter(({ key }) => liftedKeys.includes(key)).map(({ secret }) => secret.name),
  };
}

/** So often a key can be in a list of requests. One more request leaves it there twice: the number must change. */
const MAX_REPEATS = 9;

/** The requests with these added. What is requested again is there once more: the leader may not have that value yet. */
function withRequests(requested: readonly string[], keys: readonly string[]): readonly string[] {
  const added = [...new Set(keys)];
  const full = added.filter((key) => requested.filter((one) => one === key).length >= MAX_REPEATS);
  return [...requested.filter((key) => !full.includes(key)), ...full, ...added];
}
