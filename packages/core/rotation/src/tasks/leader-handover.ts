import type { ServiceBindings } from '../bindings/secret-binding.ts';
import { type LedgerDocument, type LedgerService, NOTHING_OPEN } from '../ledger/ledger.ts';
import { type SecretVersion, sameValue } from '../ledger/secret-version.ts';
import { type Answered, answeredOf, type CurrentValue, desiredVersion, recordedVersion } from './task-revision.ts';

/** What a standby needs to record its deliveries in the ledger. */
export interface LeaderHandoverInput {
  readonly services: readonly ServiceBindings[];
  readonly current: (refKey: string) => CurrentValue | undefined;
  readonly answered: Answered;
  readonly ledger: LedgerDocument;
}

/**
 * Records the deliveries of a former leader. It may have delivered values that the ledger does not name, and the new
 * leader does not know of them. So it writes them once for each task, and nothing else: later the leader may know
 * better.
 */
export class LeaderHandover {
  readonly #done = new Set<string>();
  #pending: readonly string[] = [];

  /** The ledger with the deliveries to hand over; the same object if there are none. */
  note({ services, current, answered, ledger }: LeaderHandoverInput): LedgerDocument {
    const entries: Record<string, LedgerService> = { ...ledger.services };
    const pending: string[] = [];
    this.#forgetEnded(services);
    for (const { service, bindings } of services) {
      for (const task of service.tasks) {
        if (task.state !== 'running' || this.#done.has(task.id)) continue;
        const entry = entries[service.id] ?? NOTHING_OPEN;
        const values: Record<string, SecretVersion> = { ...entry.taskOverrides[task.id] };
        let isNews = false;
        for (const binding of bindings) {
          const { key, refKey } = binding;
          const recorded = values[key] ?? recordedVersion(task, key, current(refKey), ledger, entry);
          if (recorded === undefined) continue;
          const newest = desiredVersion(entry, key, current(refKey)) ?? ledger.secrets[key];
          const given = answeredOf(answered(task.id, binding.secret.name), newest);
          if (given === undefined || sameValue(given, recorded)) continue;
          values[key] = { revision: given.revision, digest: given.digest };
          isNews = true;
        }
        if (!isNews) continue;
        pending.push(task.id);
        entries[service.id] = { ...entry, taskOverrides: { ...entry.taskOverrides, [task.id]: values } };
      }
    }
    this.#pending = pending;
    return pending.length === 0 ? ledger : { ...ledger, services: entries };
  }

  /** The ledger that {@link note} returned last was written. */
  written(): void {
    for (const id of this.#pending) this.#done.add(id);
    this.#pending = [];
  }

  #forgetEnded(services: readonly ServiceBindings[]): void {
    if (this.#done.size === 0) return;
    const there = new Set(services.flatMap(({ service }) => service.tasks.map(({ id }) => id)));
    for (const id of this.#done) if (!there.has(id)) this.#done.delete(id);
  }
}
