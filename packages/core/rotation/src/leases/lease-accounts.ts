import { type Clock, errorMessage, withDeadline } from '@vault-swarm/kernel';
import type { CallOptions } from '@vault-swarm/provider';
import type { LedgerRecord, LedgerStore } from '../ports/orchestrator.ts';
import { applyChanges, type LeaseChange } from './lease-changes.ts';
import { type LeaseDocument, NO_LEASES, readLeases, serialiseLeases } from './lease-document.ts';

/** What the accounts need. */
export interface AccountPorts {
  /** Where the accounts are kept, shared by the managers. */
  readonly leaseLedger: LedgerStore;
  readonly clock: Clock;
  /** Called after each change, since it must be written soon. */
  readonly onChange: () => void;
}

/** Within this time after they were read no other manager has led: two elections take longer. */
const HOLD_MS = 5_000;
/** How long requests wait for the accounts. */
const READ_MS = 300;

/** The accounts of all leases: as they were read, and with the changes of this process that are not written yet. */
export class LeaseAccounts {
  readonly #ports: AccountPorts;
  #stored: LeaseDocument | null = null;
  #view: LeaseDocument = NO_LEASES;
  #changes: LeaseChange[] = [];
  #unusable: string | null = null;
  #failure: string | null = null;
  #mustWrite = false;
  #writes = 0;
  /** In monotonic milliseconds. */
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<boolean> | null = null;

  constructor(ports: AccountPorts) {
    this.#ports = ports;
  }

  /** The accounts with all changes of this process. */
  get view(): LeaseDocument {
    return this.#view;
  }

  /** Why the accounts can't be used; `null` if they can. */
  get unusable(): string | null {
    return this.#unusable;
  }

  /**
   * Why the latest exchange failed although the accounts may be usable; `null` if it did not. What this process knows stays
   * valid, and the next exchange tries again.
   */
  get failure(): string | null {
    return this.isEmpty ? null : this.#failure;
  }

  /** Whether they were read, and there is nothing in them and nothing to write. */
  get isEmpty(): boolean {
    const stored = this.#stored;
    return stored !== null && stored.sets.length === 0 && stored.holders.length === 0 && this.#changes.length === 0;
  }

  /** How often this process has written them. */
  get writes(): number {
    return this.#writes;
  }

  /** Writes them with the next {@link exchange} even if nothing changed. Only a manager that leads can write. */
  mustWrite(): void {
    this.#mustWrite = true;
    // A write that was rejected is tried again at the usual interval.
    if (this.#failure === null) this.#ports.onChange();
  }

  /** Applies a change now. It is written with the next {@link exchange}. */
  change(change: LeaseChange): void {
    this.#changes.push(change);
    this.#view = change(this.#view);
    this.#ports.onChange();
  }

  /**
   * Reads the accounts, and writes them if this process has changes. After a conflict the changes are applied again at
   * the next exchange. Resolves to whether they were read: see {@link failure}. Rejects only if the signal is aborted.
   * @param account finds the changes that follow from what was read.
   * @param mayRewrite whether they are also written if they are only stored in a way that is not used any more.
   */
  async exchange(
    account: () => readonly LeaseChange[],
    { mayRewrite, ...options }: CallOptions & { readonly mayRewrite: boolean },
  ): Promise<boolean> {
    let record: LedgerRecord | null;
    const startedAtMs = this.#ports.clock.monotonic();
    try {
      record = await this.#ports.leaseLedger.read(options);
    } catch (error) {
      this.#failed('read', error, options);
      return false;
    }
    this.#failure = null;
    const reading = this.#take(record, startedAtMs);
    if (record?.kind === 'untrusted' || reading === null) return true;
    const { stored } = reading;
    this.#changes.push(...account());
    const all = [...this.#changes];
    const next = applyChanges(stored, all);
    this.#view = next;
    const mustWrite = this.#mustWrite || (mayRewrite && record?.mustRewrite === true);
    if (next === stored && !reading.isDamaged && !mustWrite) {
      this.#changes = this.#changes.slice(all.length);
      return true;
    }
    const text = serialiseLeases(next);
    try {
      if ((await this.#ports.leaseLedger.compareAndSet(record?.version ?? null, text, options)) !== 'applied') {
        this.#ports.onChange();
        return true;
      }
    } catch (error) {
      // The changes are kept: what is in use is renewed, and nothing is revoked until they are written.
      this.#failed('written', error, options);
      return true;
    }
    this.#mustWrite = false;
    this.#writes += 1;
    this.#stored = next;
    this.#changes = this.#changes.slice(all.length);
    this.#view = applyChanges(next, this.#changes);
    return true;
  }

  /**
   * Reads the accounts again, unless that was a short time ago: a process that was cut off may lead again without knowing
   * that another one led meanwhile. Resolves to whether they were read, by `leftMs` at the latest. Never rejects.
   */
  async refresh(leftMs: number): Promise<boolean> {
    const { clock } = this.#ports;
    if (this.#reading === null) {
      if (clock.monotonic() < this.#heldUntilMs) return false;
      this.#reading = this.#read().finally(() => {
        this.#reading = null;
      });
    }
    const reading = this.#reading;
    return withDeadline(clock, leftMs, undefined, () => reading).catch(() => false);
  }

  async #read(): Promise<boolean> {
    const { clock, leaseLedger } = this.#ports;
    const startedAtMs = clock.monotonic();
    // After a read that failed, no request waits for the next one.
    this.#heldUntilMs = startedAtMs + HOLD_MS;
    const writes = this.#writes;
    const record = await withDeadline(clock, READ_MS, undefined, (signal) => leaseLedger.read({ signal }));
    // It may have been read before the accounts were written.
    if (this.#writes !== writes) return false;
    this.#take(record, startedAtMs);
    return true;
  }

  /** Applies the changes that are not written to what was read. `null` if it can't be used. */
  #take(
    record: LedgerRecord | null,
    startedAtMs: number,
  ): { readonly stored: LeaseDocument; readonly isDamaged: boolean } | null {
    if (record?.kind === 'untrusted') {
      this.#unusable = record.message;
      return null;
    }
    const reading = record === null ? { kind: 'readable' as const, document: NO_LEASES } : readLeases(record.text);
    if (reading.kind === 'newer') {
      this.#unusable = 'a later version of the plugin wrote the accounts of leases; update the plugin on this manager';
      return null;
    }
    this.#unusable = null;
    // Of a damaged document nothing is known. Tasks without an account get new credentials by a rollout.
    const stored = reading.kind === 'readable' ? reading.document : NO_LEASES;
    this.#stored = stored;
    this.#view = applyChanges(stored, this.#changes);
    this.#heldUntilMs = startedAtMs + HOLD_MS;
    return { stored, isDamaged: reading.kind === 'damaged' };
  }

  #failed(what: 'read' | 'written', error: unknown, { signal }: CallOptions): void {
    signal.throwIfAborted();
    this.#failure = `the accounts of leases could not be ${what}: ${errorMessage(error)}`;
  }
}
