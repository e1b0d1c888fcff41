import type { RotationSettings } from '@vault-swarm/rotation';
import type { LedgerDocument } from '@vault-swarm/rotation/ledger-format';
import type { Cluster } from '../plugin/cluster.ts';
import type { SimulatedClock } from '../simulated-clock.ts';
import type { GroundTruth, World } from './ground-truth.ts';
import type { Kind } from './kinds.ts';

/** The part of a run that its oracles read. */
export interface RunContext extends World {
  readonly kinds: ReadonlySet<Kind>;
  readonly clock: SimulatedClock;
  readonly cluster: Cluster;
  readonly truth: GroundTruth;
  readonly settings: RotationSettings;
  /** The ledger as it is now; `null` if there is none, or nobody can read it. */
  readonly ledger: LedgerDocument | null;
  /** Whether each plugin's cache has room for all values. */
  readonly remembersAll: boolean;
  /** Whether calls may go wrong. */
  readonly isFaulty: boolean;
  /** Whether the provider answers no call, and how long it takes, in milliseconds. */
  readonly providerHangs: boolean;
  readonly providerDelayMs: number;
  /** Adds a line to the record of the run. */
  say(line: string): void;
}
