import type { Clock, Digest, Random } from '@vault-swarm/kernel';
import type { Events, LabelReader, ProviderInstance } from '@vault-swarm/provider';
import type { Leadership, LedgerStore, Orchestrator, OrchestratorChanges } from './orchestrator.ts';
import type { ValueCache } from './value-cache.ts';

/** How the rotation behaves. Times in milliseconds. */
export interface RotationSettings {
  /** Whether services are rolled; without it the rotation only looks. */
  readonly enabled: boolean;
  /** How often the providers are asked and the services compared. */
  readonly intervalMs: number;
  readonly policy: RotationPolicy;
  /** Key of the digests in the ledger; without one, the ledger keeps one of its own. */
  readonly digestKey: string | null;
  /** The key before, while it is being replaced: what has the same digest under it counts as unchanged. */
  readonly formerDigestKey?: string | null;
}

/** The world outside, as the rotation needs it. */
export interface RotationPorts {
  readonly orchestrator: Orchestrator;
  readonly changes: OrchestratorChanges;
  readonly leadership: Leadership;
  readonly ledger: LedgerStore;
  readonly labels: Pick<LabelReader, 'read'>;
  /** Names of the configured providers. */
  readonly providers: readonly string[];
  readonly findProvider: (name: string) => Promise<ProviderInstance>;
  readonly values: ValueCache;
  readonly digest: Digest;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: Events;
}

/** What a rotation may do, and when it gives up. Times in milliseconds. */
export interface RotationPolicy {
  /** Services that roll at the same time at first. */
  readonly maxParallel: number;
  /** Each rollout that succeeds allows one more service at the same time, up to this many. */
  readonly maxParallelLimit: number;
  /** A rollout that takes longer counts as stuck. */
  readonly stuckAfterMs: number;
  /** What to do where the orchestrator paused a rollout whose values made tasks fail. */
  readonly onFailure: 'rollback' | 'pause';
}
