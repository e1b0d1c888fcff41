import type { Observation } from '../bindings/observation.ts';
import type { SecretBinding } from '../bindings/secret-binding.ts';
import type { LedgerDocument } from '../ledger/ledger.ts';

/** The open manual requests of the latest ledger that this process read or wrote as the leader. */
export class RecordedRequests {
  /** How often each was made. */
  #known: ReadonlyMap<string, number> = new Map();

  /** Notes the ledger that this process wrote as the leader. */
  wrote(ledger: LedgerDocument): void {
    this.#known = requestsOf(ledger);
  }

  /**
   * The bindings whose rotation another manager's plugin has recorded since the last call. It recorded them for values
   * that the leader may not have found yet. Without those values, the leader would take the request for fulfilled.
   */
  elsewhere({ role, bindings }: Observation, ledger: LedgerDocument): readonly SecretBinding[] {
    if (role !== 'leader') return [];
    const known = this.#known;
    this.#known = requestsOf(ledger);
    if (this.#known.size === 0) return [];
    return bindings.services.flatMap(({ service, bindings: read }) =>
      read.filter(({ key }) => {
        const request = requestName(service.id, key);
        return this.#known.has(request) && this.#known.get(request) !== known.get(request);
      }),
    );
  }
}

function requestsOf({ services }: LedgerDocument): ReadonlyMap<string, number> {
  const requests = new Map<string, number>();
  for (const [id, { requested }] of Object.entries(services)) {
    for (const key of requested) {
      const name = requestName(id, key);
      requests.set(name, (requests.get(name) ?? 0) + 1);
    }
  }
  return requests;
}

function requestName(serviceId: string, key: string): string {
  return `${serviceId} ${key}`;
}
