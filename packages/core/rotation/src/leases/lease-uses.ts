import { leaseKey, type SecretRef } from '@vault-swarm/provider';
import type { SecretBinding, ServiceBindings } from '../bindings/secret-binding.ts';
import { type LedgerDocument, type LedgerService, NOTHING_OPEN } from '../ledger/ledger.ts';
import type { Workload, WorkloadTask } from '../ports/orchestrator.ts';
import { epochOf } from './plan-epochs.ts';

/** A use of a lease key by a service: all its secrets with the same path and parameters. */
export interface LeaseUse {
  readonly service: Workload;
  readonly leaseKey: string;
  readonly bindings: readonly SecretBinding[];
  readonly ref: SecretRef;
}

/** The services with leases that the access policy allows, as of one observation. */
export class LeaseUses {
  /** All services, by id, also those without leases. */
  readonly services: ReadonlyMap<string, Workload>;
  readonly all: readonly LeaseUse[];
  readonly #ledger: LedgerDocument | null;
  readonly #byRefKey = new Map<string, LeaseUse>();
  readonly #byId = new Map<string, LeaseUse>();
  readonly #tasks: ReadonlyMap<string, WorkloadTask>;

  constructor(services: readonly ServiceBindings[], ledger: LedgerDocument | null) {
    this.#ledger = ledger;
    this.services = new Map(services.map(({ service }) => [service.id, service]));
    for (const { service, bindings } of services) {
      for (const binding of bindings) {
        const key = leaseKey(binding.ref);
        // What the access policy denies is not issued. Running tasks keep what they have until it ends.
        if (key === undefined || binding.denial !== undefined) continue;
        const id = useId(service.id, key);
        const before = this.#byId.get(id)?.bindings ?? [];
        this.#byId.set(id, { service, leaseKey: key, ref: binding.ref, bindings: [...before, binding] });
      }
    }
    this.all = [...this.#byId.values()];
    for (const use of this.all) for (const { refKey } of use.bindings) this.#byRefKey.set(refKey, use);
    this.#tasks = new Map(this.all.flatMap(({ service }) => service.tasks.map((task) => [task.id, task])));
  }

  /** The use that a binding belongs to, by its ref key. */
  ofRefKey(refKey: string): LeaseUse | undefined {
    return this.#byRefKey.get(refKey);
  }

  of(serviceId: string, key: string): LeaseUse | undefined {
    return this.#byId.get(useId(serviceId, key));
  }

  /** All uses of a service. */
  ofService(serviceId: string): readonly LeaseUse[] {
    return this.all.filter(({ service }) => service.id === serviceId);
  }

  /** A task of a service with leases. */
  task(taskId: string): WorkloadTask | undefined {
    return this.#tasks.get(taskId);
  }

  /** The tasks of a service that have not ended. */
  livingTasks(serviceId: string): readonly WorkloadTask[] {
    return this.services.get(serviceId)?.tasks.filter(({ state }) => state !== 'ended') ?? [];
  }

  /** What the ledger says about a service. */
  entryOf(serviceId: string): LedgerService {
    return this.#ledger?.services[serviceId] ?? NOTHING_OPEN;
  }

  /** The epoch of a use in the ledger; 0 if it has none. */
  recordedEpoch({ bindings }: LeaseUse): number {
    return Math.max(0, ...bindings.map(({ key }) => epochOf(this.#ledger?.secrets[key])));
  }
}

/** No services yet. */
export const NO_LEASE_USES = new LeaseUses([], null);

function useId(serviceId: string, key: string): string {
  return `${serviceId} ${key}`;
}
