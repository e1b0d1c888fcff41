import { type Clock, errorMessage } from '@vault-swarm/kernel';
import type { AccessGuard, CallOptions, Events, LabelReader } from '@vault-swarm/provider';
import type { Observation } from './bindings/observation.ts';
import { type ClusterBindings, UsesJoiner } from './bindings/secret-binding.ts';
import { type LedgerReading, readLedger } from './ledger/codec.ts';
import { type StoredLedger, unusable } from './ledger/stored-ledger.ts';
import {
  AccessDenied,
  type Leadership,
  type LedgerRecord,
  type LedgerStore,
  type Orchestrator,
  type Role,
  type WorkloadSecret,
} from './ports/orchestrator.ts';
import { describeOptions } from './status/rotation-problems.ts';
import type { StatusReporter } from './status/status-reporter.ts';

/** What the reader observes, and where it reports. */
export interface ClusterReaderPorts {
  readonly orchestrator: Orchestrator;
  readonly leadership: Leadership;
  readonly ledger: LedgerStore;
  readonly labels: Pick<LabelReader, 'read'>;
  readonly access: Pick<AccessGuard, 'check' | 'policy'>;
  readonly clock: Clock;
  readonly events: Events;
}

const ABSENT = { kind: 'absent' } as const;
const NO_BINDINGS: ClusterBindings = { services: [], problems: [], denials: [] };

/** Reads the orchestrator. Reports when it stops answering, answers again, or gives this node another role. */
export class ClusterReader {
  readonly #ports: ClusterReaderPorts;
  readonly #statusReporter: StatusReporter;
  readonly #uses: UsesJoiner;
  #role: Role | null = null;
  #isFailing = false;
  /** When the observation that the status shows was started, in monotonic milliseconds. */
  #reportedSinceMs = Number.NEGATIVE_INFINITY;
  #unusable: string | null = null;
  #optionsWithoutEffect: string | null = null;
  /** The denials that were reported, by message. */
  #denied: ReadonlySet<string> = new Set();
  #latest: { readonly version: string; readonly stored: LedgerReading } | null = null;

  constructor(ports: ClusterReaderPorts, statusReporter: StatusReporter) {
    this.#ports = ports;
    this.#statusReporter = statusReporter;
    this.#uses = new UsesJoiner(ports.labels, ports.access);
  }

  /** This node's role in the cluster, as last observed. */
  get role(): Role | null {
    return this.#role;
  }

  /** What the orchestrator reports now; `null` if it does not answer. Rejects only when aborted. */
  async observe({ signal }: CallOptions): Promise<Observation | null> {
    const { orchestrator, leadership, ledger, clock } = this.#ports;
    const startedAtMs = clock.monotonic();
    try {
      const role = await leadership.role({ signal });
      this.#reportRole(role);
      if (role === 'worker') {
        this.#reportFailure(null);
        return {
          startedAtMs,
          role,
          secrets: [],
          bindings: NO_BINDINGS,
          stored: ABSENT,
          mustRewrite: false,
          version: null,
        };
      }
      const [snapshot, record] = await Promise.all([orchestrator.observe({ signal }), ledger.read({ signal })]);
      this.#reportFailure(null);
      const bindings = this.#uses.join(snapshot);
      // A pass and a manual request may observe at the same time. The older observation may end last.
      if (startedAtMs >= this.#reportedSinceMs) {
        this.#reportedSinceMs = startedAtMs;
        this.#statusReporter.observed(snapshot, bindings, clock.now());
      }
      this.#warnOfOptions(snapshot.secrets);
      this.#reportDenials(bindings);
      const stored = record === null ? ABSENT : this.#parse(record);
      this.#reportUnusable(stored);
      const mustRewrite = stored.kind === 'damaged' || (record?.kind === 'text' && record.mustRewrite);
      const version = record?.version ?? null;
      return { startedAtMs, role, secrets: snapshot.secrets, bindings, stored, mustRewrite, version };
    } catch (error) {
      signal.throwIfAborted();
      this.#reportFailure(errorMessage(error), error instanceof AccessDenied);
      return null;
    }
  }

  /** A ledger that was already read is not parsed again: it may be a megabyte, read twice a second. */
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

  /** Warns once for each reason: a newer plugin may write the ledger twice a second. */
  #reportUnusable(stored: StoredLedger): void {
    const found = unusable(stored);
    this.#statusReporter.unusable(found);
    if (found !== null && found.message !== this.#unusable) this.#warn(found.message);
    this.#unusable = found?.message ?? null;
  }

  /** Warns once, until other secrets have options. */
  #warnOfOptions(secrets: readonly WorkloadSecret[]): void {
    const withOptions = secrets.filter(({ driverOptions }) => driverOptions !== undefined);
    const message =
      withOptions.length === 0 ? null : `${describeOptions(withOptions)}; create the secrets again with labels instead`;
    if (message !== null && message !== this.#optionsWithoutEffect) this.#warn(message);
    this.#optionsWithoutEffect = message;
  }

  /** Reports each denial once, until it ends. */
  #reportDenials({ denials }: ClusterBindings): void {
    for (const denial of denials) {
      if (!this.#denied.has(denial.message)) this.#ports.events.emit({ type: 'access.denied', ...denial });
    }
    this.#denied = new Set(denials.map(({ message }) => message));
  }

  #warn(message: string): void {
    this.#ports.events.emit({ type: 'plugin.warning', message });
  }

  #reportRole(role: Role): void {
    if (role === this.#role) return;
    this.#role = role;
    this.#ports.events.emit({ type: 'leadership.changed', leader: role === 'leader' });
  }

  #reportFailure(message: string | null, isRefused = false): void {
    this.#statusReporter.silent(message, isRefused);
    if ((message !== null) === this.#isFailing) return;
    this.#isFailing = message !== null;
    if (message === null) this.#ports.events.emit({ type: 'orchestrator.recovered' });
    else this.#ports.events.emit({ type: 'orchestrator.failed', operation: 'observe', message });
  }
}
