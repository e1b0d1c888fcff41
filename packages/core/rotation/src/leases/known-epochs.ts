import { leaseKey } from '@vault-swarm/provider';
import type { ServiceBindings } from '../bindings/secret-binding.ts';
import { type SecretVersion, tagRevision } from '../ledger/secret-version.ts';
import { generationKey, type LeaseSet } from './lease-document.ts';
import { revisionOfEpoch } from './plan-epochs.ts';

const NOTHING: readonly SecretVersion[] = [];

/**
 * The epochs that tasks have, as the accounts say. The epoch of a service may have grown before a task started, and the
 * task has that of its generation's sets. If the process that gave it to the task ended at once, only the accounts know.
 */
export class KnownEpochs {
  /** By generation and lease key; `null` if its sets have several. */
  readonly #epochs = new Map<string, number | null>();
  /** By task and secret name: the key in {@link #epochs}, and the ref key. */
  readonly #uses = new Map<string, { readonly key: string; readonly refKey: string }>();

  constructor(services: readonly ServiceBindings[], sets: readonly LeaseSet[]) {
    for (const set of sets) {
      const key = keyOf(set.serviceId, set.generation, set.leaseKey);
      const before = this.#epochs.get(key);
      this.#epochs.set(key, before === undefined || before === set.epoch ? set.epoch : null);
    }
    for (const { service, bindings } of services) {
      for (const { ref, refKey, secret } of bindings) {
        const ofRef = leaseKey(ref);
        if (ofRef === undefined) continue;
        for (const { id, generation } of service.tasks)
          this.#uses.set(useKey(id, secret.name), { key: keyOf(service.id, generation, ofRef), refKey });
      }
    }
  }

  /** The epoch of a task for a secret, as a value; empty if the accounts do not say which. */
  versions(taskId: string, secretName: string): readonly SecretVersion[] {
    // It is asked for each secret of each task.
    if (this.#uses.size === 0) return NOTHING;
    const use = this.#uses.get(useKey(taskId, secretName));
    const epoch = use && this.#epochs.get(use.key);
    if (use === undefined || epoch === undefined || epoch === null) return NOTHING;
    const revision = revisionOfEpoch(epoch);
    return [{ revision: tagRevision(use.refKey, revision), digest: revision }];
  }
}

function keyOf(serviceId: string, generation: number, key: string): string {
  return `${generationKey(serviceId, generation)} ${key}`;
}

function useKey(taskId: string, secretName: string): string {
  return `${taskId} ${secretName}`;
}
