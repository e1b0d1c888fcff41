import type { LedgerStore } from '@vault-swarm/rotation';

/**
 * What must outlive the process: the rotation's ledger, and the generation of each group. It contains no values. One
 * process at a time uses it.
 */
export interface RotatorLedger extends LedgerStore {
  /** Prepares the ledger for use. Rejects if another process uses it, or if it can't be read. */
  open(): Promise<void>;
  /** The stored generation of a group; 1 for a new group. Call it only after `open`. */
  generation(group: string): number;
  /** Resolves once the generation is stored. */
  setGeneration(group: string, generation: number): Promise<void>;
  /** Allows another process to use it. */
  close(): Promise<void>;
}
