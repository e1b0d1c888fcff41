import type { CallOptions, Clock, Events, LabelReader } from '@vault-swarm/provider';
import { emptyLedger, type LedgerDocument } from './ledger.ts';
import { LEDGER_FORMAT, type LedgerReading, readLedger } from './ledger-text.ts';
import type { StatusBoard } from './status-board.ts';
import { joinUses, type Uses } from './uses.ts';
import type { Leadership, LedgerRecord, LedgerStore, Role, WorkloadSecret, Workloads } from './workloads.ts';

/** What the orchestrator says at one moment. */
export interface Observation {
  readonly role: Role;
  /** All secrets of ours, whether used or not. */
  readonly secrets: readonly WorkloadSecret[];
  readonly uses: Uses;
  readonly stored: LedgerReading | { readonly kind: 'absent' };
  /** Of the object that holds the ledger; `null` where there is none. */
  readonly version: string | null;
}

/** What an observer looks at, and whom it tells. */
export interface ObserverPorts {
  readonly workloads: Workloads;
  readonly leadership: Leadership;
  readonly ledger: LedgerStore;
  readonly labels: Pick<LabelReader, 'read'>;
  readonly clock: Clock;
  readonly events: Events;
}

const ABSENT = { kind: 'absent' } as const;
const NO_USES: Uses = { services: [], problems: [] };

/** Looks at the orchestrator, and tells when it stops answering, answers again, or gives this node another role. */
export class Observer {
  readonly #ports: ObserverPorts;
  readonly #board: StatusBoard;
  #role: Role | null = null;
  #isFailing = false;
  #newerFormat: number | null = null;
  #latest: { readonly version: string; readonly stored: LedgerReading } | null = null;

  constructor(ports: ObserverPorts, board: StatusBoard) {
    this.#ports = ports;
    this.#board = board;
  }

  /** This node's part in the cluster, as it was last told. */
  get role(): Role | null {
    return this.#role;
  }

  /** What the orchestrator says now, or `null` where it does not answer. Rejects only when aborted. */
  async observe({ signal }: CallOptions): Promise<Observation | null> {
    const { workloads, leadership, ledger, labels, clock } = this.#ports;
    try {
      const role = await leadership.role({ signal });
      this.#tellRole(role);
      if (role === 'worker') {
        this.#tellFailure(null);
        return { role, secrets: [], uses: NO_USES, stored: ABSENT, version: null };
      }
      const [snapshot, record] = await Promise.all([workloads.observe({ signal }), ledger.read({ signal })]);
      this.#tellFailure(null);
      const uses = joinUses(snapshot, labels);
      this.#board.observed(snapshot, uses, clock.now());
      const stored = record === null ? ABSENT : this.#parse(record);
      this.#tellNewer(stored.kind === 'newer' ? stored.format : null);
      return { role, secrets: snapshot.secrets, uses, stored, version: record?.version ?? null };
    } catch (error) {
      signal.throwIfAborted();
      this.#tellFailure(error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  /** What was read before is not parsed again: it may be a megabyte, twice a second. */
  #parse({ version, text }: LedgerRecord): LedgerReading {
    if (this.#latest?.version === version) return this.#latest.stored;
    const stored = readLedger(text);
    if (stored.kind === 'damaged') {
      const message = 'the ledger is damaged; it is made anew from what runs now';
      this.#ports.events.emit({ type: 'plugin.warning', message });
    }
    this.#latest = { version, stored };
    return stored;
  }

  /** Once for each later format: the version that has it may write twice a second. */
  #tellNewer(format: number | null): void {
    const message = format === null ? null : describeNewer(format);
    this.#board.unreadable(message);
    if (message !== null && format !== this.#newerFormat) this.#ports.events.emit({ type: 'plugin.warning', message });
    this.#newerFormat = format;
  }

  #tellRole(role: Role): void {
    if (role === this.#role) return;
    this.#role = role;
    this.#ports.events.emit({ type: 'leadership.changed', leader: role === 'leader' });
  }

  #tellFailure(message: string | null): void {
    this.#board.silent(message);
    if ((message !== null) === this.#isFailing) return;
    this.#isFailing = message !== null;
    if (message === null) this.#ports.events.emit({ type: 'docker.recovered' });
    else this.#ports.events.emit({ type: 'docker.failed', operation: 'observe', message });
  }
}

/** The ledger, a first one with a key of its own where there is none; of one that can't be understood only the key. */
export function ledgerAsStored(stored: Observation['stored'], firstKey: () => string | null): LedgerDocument {
  if (stored.kind === 'readable') return stored.ledger;
  return emptyLedger(stored.kind === 'newer' ? stored.digestKey : firstKey());
}

/**
 * Whether this process may change the ledger. The version that leads must be able to read it, so while that may be an
 * earlier one only the leader itself goes on to the newer format.
 */
export function mayWrite({ role, stored }: Observation): boolean {
  if (stored.kind === 'newer') return false;
  return role === 'leader' || stored.kind !== 'readable' || stored.format === LEDGER_FORMAT;
}

/** What a ledger of a later version means, and what to do, for people. */
export function describeNewer(format: number): string {
  return (
    `a later version of the plugin wrote the ledger (format ${format}, this one reads ${LEDGER_FORMAT}): secrets are served, ` +
    'and nothing is rolled or written here; update the plugin on this manager'
  );
}
