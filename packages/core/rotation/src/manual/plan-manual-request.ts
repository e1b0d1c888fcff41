import type { ProductEvent } from '@vault-swarm/provider';
import type { SecretUse, ServiceUses } from '../bindings/secret-binding.ts';
import { broughtBy, type LedgerDocument, type LedgerService, NOTHING_OPEN, type SetAside } from '../ledger/ledger.ts';
import { sameValue } from '../ledger/secret-version.ts';
import { lift } from '../planner/quarantine.ts';
import type { RequestedService, RotateRequest } from '../ports/manual-rotation.ts';
import { type Answered, type CurrentValue, heldBy } from '../tasks/task-revision.ts';

/** What a request comes to. */
export interface RequestPlan {
  /** The very same object as the input's where there is nothing to write. */
  readonly ledger: LedgerDocument;
  readonly services: readonly RequestedService[];
  /** To be emitted once the ledger is written. */
  readonly events: readonly ProductEvent[];
}

/** All that a request by hand depends on. */
export interface RequestInput {
  readonly request: RotateRequest;
  readonly services: readonly ServiceUses[];
  readonly current: (refKey: string) => CurrentValue | undefined;
  readonly answered: Answered;
  readonly ledger: LedgerDocument;
}

/** Finds what a request by hand concerns, and notes it in the ledger: from there the leader takes it up. A pure function. */
export function planRequest(input: RequestInput): RequestPlan {
  const { request, ledger } = input;
  const services: Record<string, LedgerService> = { ...ledger.services };
  const requested: RequestedService[] = [];
  const events: ProductEvent[] = [];
  let isChanged = false;
  for (const serviceUses of input.services) {
    const { service, uses } = serviceUses;
    const before = ledger.services[service.id] ?? NOTHING_OPEN;
    const concerned = uses.filter((use) => concerns(request, service.name, use, before));
    if (concerned.length === 0) continue;
    const rollable = concerned.filter(({ ref, rotate }) => ref.pin === undefined && rotate !== 'off');
    const answer = (outcome: RequestedService['outcome']) =>
      requested.push({ name: service.name, secrets: concerned.map(({ secret }) => secret.name), outcome });
    // A secret that is not rotated may have been quarantined with another one, and is released all the same.
    const sets = before.setAside.filter(({ failed }) => concerned.some(({ key }) => key in failed));
    if (service.kind === 'job' || (rollable.length === 0 && sets.length === 0)) {
      answer('never');
      continue;
    }
    const { entry, rolls, lifted } = noteRequest(serviceUses, rollable, sets, before, input);
    const isUnderWay = before.rollout !== null && before.rollout.state !== 'failed';
    const isNoted = entry.requested.length > before.requested.length || lifted.length > 0;
    answer(rolls || isUnderWay ? 'rolls' : entry.requested.length > 0 ? 'waits' : 'current');
    if (!isNoted) continue;
    isChanged = true;
    services[service.id] = entry;
    if (lifted.length > 0)
      events.push({ type: 'values.lifted', service: service.name, secrets: lifted, reason: 'by-hand' });
  }
  return { ledger: isChanged ? { ...ledger, services } : ledger, services: requested, events };
}

function concerns(request: RotateRequest, serviceName: string, use: SecretUse, entry: LedgerService): boolean {
  switch (request.kind) {
    case 'secret':
      return use.secret.name === request.name;
    case 'service':
      return serviceName === request.name;
    case 'set-aside': {
      const isLeft = entry.rollout?.state === 'failed' && use.key in broughtBy(entry.rollout);
      return isLeft || entry.setAside.some(({ failed }) => use.key in failed);
    }
  }
}

function noteRequest(
  serviceUses: ServiceUses,
  rollable: readonly SecretUse[],
  sets: readonly SetAside[],
  before: LedgerService,
  { current, answered, ledger }: RequestInput,
): { readonly entry: LedgerService; readonly rolls: boolean; readonly lifted: readonly string[] } {
  const { service, uses } = serviceUses;
  const isConcerned = (key: string) => rollable.some((use) => use.key === key);
  const liftedKeys = sets.flatMap(({ failed }) => Object.keys(failed));
  const lifted = lift(before, serviceUses, sets);
  const failedKeys =
    before.rollout?.state === 'failed' ? Object.keys(broughtBy(before.rollout)).filter(isConcerned) : [];
  const unknown = rollable.filter(({ refKey }) => current(refKey) === undefined);
  const outdated = rollable.filter((use) => {
    const now = current(use.refKey);
    if (now === undefined) return false;
    return service.tasks.some((task) => {
      const held = task.state === 'running' ? heldBy(task, use, now, answered, ledger, lifted) : undefined;
      return held !== undefined && !sameValue(held, now);
    });
  });
  const rolled = [...outdated.map(({ key }) => key), ...liftedKeys, ...failedKeys];
  return {
    entry: { ...lifted, requested: [...new Set([...lifted.requested, ...rolled, ...unknown.map(({ key }) => key)])] },
    rolls: rolled.length > 0,
    lifted: uses.filter(({ key }) => liftedKeys.includes(key)).map(({ secret }) => secret.name),
  };
}
