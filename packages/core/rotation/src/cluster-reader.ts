import { type CallOptions, type Clock, type Events, errorMessage, type LabelReader } from '@vault-swarm/provider';
import type { Observation } from './bindings/observation.ts';
import { type Uses, UsesJoiner } from './bindings/secret-binding.ts';
import { type LedgerReading, readLedger } from './ledger/codec.ts';
import { type StoredLedger, unusable } from './ledger/stored-ledger.ts';
import {
  AccessRefused,
  type Leadership,
  type LedgerRecord,
  type LedgerStore,
  type Role,
  type WorkloadSecret,
  type Workloads,
} from './ports/orchestrator.ts';
import { describeOptions, type StatusBoard } from './status/status-reporter.ts';

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
  readonly #uses: UsesJoiner;
  #role: Role | null = null;
  #isFailing = false;
  #unusable: string | null = null;
  #optionsWithoutEffect: string | null = null;
  #latest: { readonly version: string; readonly stored: LedgerReading } | null = null;

  constructor(ports: ObserverPorts, board: StatusBoard) {
    this.#ports = ports;
    this.#board = board;
    this.#uses = new UsesJoiner(ports.labels);
  }

  /** This node's part in the cluster, as it was last told. */
  get role(): Role | null {
    return this.#role;
  }

  /** What the orchestrator says now, or `null` where it does not answer. Rejects only when aborted. */
  async observe({ signal }: CallOptions): Promise<Observation | null> {
    const { workloads, leadership, ledger, clock } = this.#ports;
    const startedAtMs = clock.monotonic();
    try {
      const role = await leadership.role({ signal });
      this.#tellRole(role);
      if (role === 'worker') {
        this.#tellFailure(null);
        return { startedAtMs, role, secrets: [], uses: NO_USES, stored: ABSENT, mustRewrite: false, version: null };
      }
      const [snapshot, record] = await Promise.all([workloads.observe({ signal }), ledger.read({ signal })]);
      this.#tellFailure(null);
      const uses = this.#uses.join(snapshot);
      this.#board.observed(snapshot, uses, clock.now());
      this.#warnOfOptions(snapshot.secrets);
      const stored = record === null ? ABSENT : this.#parse(record);
      this.#reportUnusable(stored);
      const mustRewrite = stored.kind === 'damaged' || (record?.kind === 'text' && record.mustRewrite);
      const version = record?.version ?? null;
      return { startedAtMs, role, secrets: snapshot.secrets, uses, stored, mustRewrite, version };
    } catch (error) {
      signal.throwIfAborted();
      this.#tellFailure(errorMessage(error), error instanceof AccessRefused);
      return null;
    }
  }

  /** What was read before is not parsed again: it may be a megabyte, twice a second. */
  #parse(record: LedgerRecord): StoredLedger {
    const { kind, version } = record;
    if (kind === 'untrusted') return { kind, message: record.message };
    if (this.#latest?.version === version) return this.#latest.stored;
    const stored = readLedger(record.text);
    if (record.warning !== null) this.#warn(record.warning);
    if (stored.kind === 'damaged') this.#warn('the ledger is damaged; a new one is made from what runs now');
    this.#latest = { version, stored };
    return stored;
  }

  /** Once for each reason: the version that writes it may do so twice a second. */
  #reportUnusable(stored: StoredLedger): void {
    const found = unusable(stored);
    this.#board.unusable(found);
    if (found !== null && found.message !== this.#unusable) this.#warn(found.message);
    this.#unusable = found?.message ?? null;
  }

  /** Once, until other secrets have some. */
  #warnOfOptions(secrets: readonly WorkloadSecret[]): void {
    const withOptions = secrets.filter(({ driverOptions }) => driverOptions !== undefined);
    const message = withOptions.length === 0 ? null : describeOptions(withOptions);
    if (message !== null && message !== this.#optionsWithoutEffect) this.#warn(message);
    this.#optionsWithoutEffect = message;
  }

  #warn(message: string): void {
    this.#ports.events.emit({ type: 'plugin.warning', message });
  }

  #tellRole(role: Role): void {
    if (role === this.#role) return;
    this.#role = role;
    this.#ports.events.emit({ type: 'leadership.changed', leader: role === 'leader' });
  }

  #tellFailure(message: string | null, isRefused = false): void {
    this.#board.silent(message, isRefused);
    if ((message !== null) === this.#isFailing) return;
    this.#isFailing = message !== null;
    if (message === null) this.#ports.events.emit({ type: 'docker.recovered' });
    else this.#ports.events.emit({ type: 'docker.failed', operation: 'observe', message });
  }
}
