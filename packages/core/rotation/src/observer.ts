import type { CallOptions, Clock, Events, LabelReader } from '@vault-swarm/provider';
import type { LedgerDocument } from './ledger.ts';
import { parseLedger } from './ledger-text.ts';
import type { StatusBoard } from './status-board.ts';
import { joinUses, type Uses } from './uses.ts';
import type { Leadership, LedgerRecord, LedgerStore, Role, WorkloadSecret, Workloads } from './workloads.ts';

/** What the orchestrator says at one moment. */
export interface Observation {
  readonly role: Role;
  /** All secrets of ours, whether used or not. */
  readonly secrets: readonly WorkloadSecret[];
  readonly uses: Uses;
  /** `null` where there is no ledger, or a damaged one. */
  readonly stored: LedgerDocument | null;
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

const NO_USES: Uses = { services: [], problems: [] };

/** Looks at the orchestrator, and tells when it stops answering, answers again, or gives this node another role. */
export class Observer {
  readonly #ports: ObserverPorts;
  readonly #board: StatusBoard;
  #role: Role | null = null;
  #isFailing = false;
  #latest: { readonly version: string; readonly stored: LedgerDocument | null } | null = null;

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
        return { role, secrets: [], uses: NO_USES, stored: null, version: null };
      }
      const [snapshot, record] = await Promise.all([workloads.observe({ signal }), ledger.read({ signal })]);
      this.#tellFailure(null);
      const uses = joinUses(snapshot, labels);
      this.#board.observed(snapshot, uses, clock.now());
      const stored = record === null ? null : this.#parse(record);
      return { role, secrets: snapshot.secrets, uses, stored, version: record?.version ?? null };
    } catch (error) {
      signal.throwIfAborted();
      this.#tellFailure(error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  /** What was read before is not parsed again: it may be a megabyte, twice a second. */
  #parse({ version, text }: LedgerRecord): LedgerDocument | null {
    if (this.#latest?.version === version) return this.#latest.stored;
    const stored = parseLedger(text);
    if (stored === null) {
      const message = 'the ledger is damaged; it is made anew from what runs now';
      this.#ports.events.emit({ type: 'plugin.warning', message });
    }
    this.#latest = { version, stored };
    return stored;
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
