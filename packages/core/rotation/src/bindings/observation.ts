import type { StoredLedger } from '../ledger/stored-ledger.ts';
import type { Role, WorkloadSecret } from '../ports/orchestrator.ts';
import type { ClusterBindings } from './secret-binding.ts';

/** What the orchestrator reports at one moment. */
export interface Observation {
  /** When the observation started, in monotonic milliseconds. */
  readonly startedAtMs: number;
  readonly role: Role;
  /** All secrets of this driver, used or not. */
  readonly secrets: readonly WorkloadSecret[];
  readonly bindings: ClusterBindings;
  readonly stored: StoredLedger;
  /** Whether the ledger must be written again even if it does not change. */
  readonly mustRewrite: boolean;
  /** The version of the object that holds the ledger; `null` if there is none. */
  readonly version: string | null;
}
