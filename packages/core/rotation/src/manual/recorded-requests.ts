import type { Observation } from '../bindings/observation.ts';
import type { SecretBinding } from '../bindings/secret-binding.ts';
import type { LedgerDocument } from '../ledger/ledger.ts';

/** The open manual requests of the latest ledger that this process read, or wrote, as the leader. */
export class RecordedRequests {
  #known: ReadonlySet<string> = new Set();

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
    return bindings.services.flatMap(({ service, bindings: read }) =>
      read.filter(({ key }) => {
        const request = requestName(service.id, key);
        return this.#known.has(request) && !known.has(request);
      }),
    );
  }
}

function requestsOf({ services }: LedgerDocument): ReadonlySet<string> {
  const requests = Object.entries(services).flatMap(([id, { requested }]) =>
    requested.map((key) => requestName(id, key)),
  );
  return new Set(requests);
}

function requestName(serviceId: string, key: string): string {
  return `${serviceId} ${key}`;
}
