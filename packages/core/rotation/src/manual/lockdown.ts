import { type Clock, errorMessage, withDeadline } from '@vault-swarm/kernel';
import type { CallOptions, Events } from '@vault-swarm/provider';
import type { Observation } from '../bindings/observation.ts';
import { serialiseLedger } from '../ledger/codec.ts';
import type { LedgerDocument, Lockdown } from '../ledger/ledger.ts';
import { mayWrite, unusable } from '../ledger/stored-ledger.ts';
import { RotationRejected } from '../ports/manual-rotation.ts';
import type { LedgerStore } from '../ports/orchestrator.ts';
import type { ValueCache } from '../ports/value-cache.ts';

/** A request is recorded in the ledger within this time, or rejected. */
const REQUEST_DEADLINE_MS = 15_000;

/** Starts and ends lockdowns, on all managers. */
export interface LocksDown {
  /**
   * Starts or ends a lockdown; does nothing if that is already so. A start takes effect on this manager at once, and on
   * the others when they read the ledger. Resolves once it is in the ledger, with the lockdown that is active then.
   * @throws {RotationRejected} `UNAVAILABLE`. After a failed start, this manager is in lockdown anyway. It records the
   * lockdown in the ledger as soon as it can.
   */
  lockdown(active: boolean, options: CallOptions): Promise<Lockdown | null>;
}

/** What lockdowns need. */
export interface LockdownPorts {
  readonly values: Pick<ValueCache, 'lockDown'>;
  readonly ledger: LedgerStore;
  readonly clock: Clock;
  readonly events: Events;
  /** What its users call the orchestrator. */
  readonly orchestratorName: string;
  /** What the orchestrator reports now; `null` if it does not answer. */
  observe(options: CallOptions): Promise<Observation | null>;
  /** The ledger of an observation, with {@link Lockdowns.read} called for it. */
  adopt(observed: Observation): LedgerDocument;
  /** Called after a lockdown started or ended here. */
  readonly onChange: () => void;
}

/**
 * During a lockdown no value is kept in memory, and each request reads its own. The lockdown is in the ledger, so it
 * outlives every process. It ends only if a ledger says so, not if the ledger is lost, damaged, or untrusted.
 */
export class Lockdowns {
  readonly #ports: LockdownPorts;
  #active: Lockdown | null = null;
  /** Whether the lockdown is not in the ledger yet. */
  #isPending = false;
  /** When this process last wrote the lockdown state, in monotonic milliseconds. */
  #wroteAtMs = Number.NEGATIVE_INFINITY;

  constructor(ports: LockdownPorts) {
    this.#ports = ports;
  }

  /** The lockdown that is in force in this process. */
  get active(): Lockdown | null {
    return this.#active;
  }

  /** Applies the ledger that was read. Returns it with the pending lockdown added if it lacks it. */
  read({ stored, startedAtMs }: Pick<Observation, 'stored' | 'startedAtMs'>, ledger: LedgerDocument): LedgerDocument {
    // The observation may be older than this process's own write. It must not be applied then.
    if (stored.kind === 'untrusted' || startedAtMs <= this.#wroteAtMs) return ledger;
    if (stored.kind === 'newer') {
      if (stored.isLockedDown) this.#set({ sinceMs: this.#active?.sinceMs ?? this.#ports.clock.now() });
      else if (!this.#isPending) this.#set(null);
      return ledger;
    }
    if (stored.kind !== 'readable') this.#isPending = this.#active !== null;
    if (this.#isPending && ledger.lockdown === null) return { ...ledger, lockdown: this.#active };
    this.#isPending = false;
    this.#set(ledger.lockdown);
    return ledger;
  }

  /**
   * Writes a pending lockdown that the ledger lacks.
   * @param ledger as {@link read} returned it.
   * @returns whether a write was tried: the observation is outdated then.
   */
  async writePending(observed: Observation, ledger: LedgerDocument, signal: AbortSignal): Promise<boolean> {
    if (!this.#isPending || !mayWrite(observed)) return false;
    await this.#write(observed, ledger, signal);
    return true;
  }

  /** As {@link LocksDown.lockdown}. */
  async request(active: boolean, options: CallOptions): Promise<Lockdown | null> {
    if (active && this.#active === null) {
      this.#isPending = true;
      this.#set({ sinceMs: this.#ports.clock.now() });
    }
    try {
      await withDeadline(this.#ports.clock, REQUEST_DEADLINE_MS, options.signal, (signal) =>
        this.#note(active, signal),
      );
      return this.#active;
    } catch (error) {
      options.signal.throwIfAborted();
      const what = active
        ? 'this manager is in lockdown, and the others are not yet: it could not be recorded in the ledger'
        : 'the lockdown goes on: its end could not be recorded in the ledger';
      throw new RotationRejected('UNAVAILABLE', `${what}; try again (${errorMessage(error)})`, { cause: error });
    }
  }

  /** Records the state in the ledger, and retries after each write conflict. */
  async #note(active: boolean, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const observed = await this.#ports.observe({ signal });
      if (observed === null) throw new Error(`${this.#ports.orchestratorName} does not answer`);
      if (observed.role === 'worker') throw new Error('this node is not a manager; ask the plugin of a manager');
      const { stored } = observed;
      const reason = unusable(stored);
      if (reason !== null) throw new Error(reason.message);
      if (!mayWrite(observed)) throw new Error('an earlier version of the plugin leads: update that one first');
      const ledger = this.#ports.adopt(observed);
      const isRecorded = stored.kind === 'readable' && (stored.ledger.lockdown !== null) === active;
      if (isRecorded || (!active && stored.kind === 'absent' && this.#active === null)) return;
      const next = active ? ledger : { ...ledger, lockdown: null };
      if (await this.#write(observed, next, signal)) return;
    }
  }

  async #write({ version }: Observation, ledger: LedgerDocument, signal: AbortSignal): Promise<boolean> {
    const outcome = await this.#ports.ledger.compareAndSet(version, serialiseLedger(ledger), { signal });
    if (outcome !== 'applied') return false;
    this.#isPending = false;
    this.#wroteAtMs = this.#ports.clock.monotonic();
    this.#set(ledger.lockdown);
    return true;
  }

  #set(next: Lockdown | null): void {
    const { values, events, onChange } = this.#ports;
    const before = this.#active;
    this.#active = next;
    if ((before === null) === (next === null)) return;
    values.lockDown(next !== null);
    events.emit(next === null ? { type: 'lockdown.ended' } : { type: 'lockdown.started', sinceMs: next.sinceMs });
    onChange();
  }
}
