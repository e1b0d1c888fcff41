import type { StoredLedger } from '../ledger/stored-ledger.ts';
import type { Role, WorkloadSecret } from '../ports/orchestrator.ts';
import type { ClusterBindings } from './secret-binding.ts';

/** What the orchestrator says at one moment. */
export interface Observation {
  /** When it started, in monotonic milliseconds. */
  readonly startedAtMs: number;
  readonly role: Role;
  /** All secrets of ours, whether used or not. */
  readonly secrets: readonly WorkloadSecret[];
  readonly bindings: ClusterBindings;
  readonly stored: StoredLedger;
  /** Whether it is to be written again, though nothing in it changes. */
  readonly mustRewrite: boolean;
  /** Of the object that holds the ledger; `null` where there is none. */
  readonly version: string | null;
}
