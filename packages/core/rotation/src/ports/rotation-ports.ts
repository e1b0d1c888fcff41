import type { Clock, Digest, Random } from '@vault-swarm/kernel';
import type { AccessGuard, Events, LabelReader, ProviderInstance, StartTimes } from '@vault-swarm/provider';
import type { Leadership, LedgerStore, Orchestrator, OrchestratorChanges } from './orchestrator.ts';
import type { ValueCache } from './value-cache.ts';

/** The limits of leases. Times in milliseconds. */
export interface LeaseSettings {
  /** How long the credentials of a generation are kept after its last task ended. */
  readonly revokeAfterMs: number;
  /** How many there may be. */
  readonly maxSets: number;
  /** How many may be issued on request within an hour, for each service and lease key. */
  readonly issuesPerHour: number;
}

/** How the rotation behaves. Times in milliseconds. */
export interface RotationSettings {
  /** Whether services are rolled. If not, the rotation only observes. */
  readonly enabled: boolean;
  /** How an operator turns it on, for the error of a manual request. Default `set enabled in its settings`. */
  readonly disabledAdvice?: string;
  /** How often the providers are polled and the services reconciled. */
  readonly intervalMs: number;
  readonly policy: RotationPolicy;
  /** When rotations may start, unless the secret's labels say otherwise. By default always, and at once. */
  readonly startTimes?: StartTimes;
  /** By default up to 2,000 sets, which are revoked a minute after their last task, and 12 issues an hour. */
  readonly leases?: LeaseSettings;
  /**
   * The key of the digests in the ledger. The ledger names each value by a keyed digest, to know whether a new revision
   * is another value. Who has the ledger and its key can test guesses of a value. So keep a key of your own apart from
   * the ledger, the same after each restart. `null`: a random key is made and stored in the ledger itself. That is enough
   * if nobody else can read the ledger, or if no value can be guessed.
   */
  readonly digestKey: string | null;
  /** The previous key, while it is being replaced. A value with the same digest under it counts as unchanged. */
  readonly formerDigestKey?: string | null;
  /**
   * Whether mistakes of the ports are searched for that only show later, and reported as `plugin.warning`; `true` if not
   * given. Ports that pass the workloads contract need no search.
   */
  readonly checksWiring?: boolean;
  /**
   * After about this time a pass over many services lets other work of the process run, between two steps; 2 if not
   * given. With 0 it does so after each service.
   */
  readonly maxSliceMs?: number;
}

/** The outside systems that the rotation needs. */
export interface RotationPorts {
  readonly orchestrator: Orchestrator;
  readonly changes: OrchestratorChanges;
  readonly leadership: Leadership;
  readonly ledger: LedgerStore;
  /** Where the accounts of leases are kept. By default in memory: they end with the process. */
  readonly leaseLedger?: LedgerStore;
  readonly labels: Pick<LabelReader, 'read'>;
  /** Which service may use which secret. By default every service may use every secret. */
  readonly access?: Pick<AccessGuard, 'check' | 'policy' | 'onChange'>;
  /** Names of the configured providers. */
  readonly providers: readonly string[];
  readonly findProvider: (name: string) => Promise<ProviderInstance>;
  readonly values: ValueCache;
  readonly digest: Digest;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: Events;
}

/** The limits of the rotation. Times in milliseconds. */
export interface RotationPolicy {
  /** How many services may roll in parallel at first. */
  readonly maxParallel: number;
  /** Each successful rollout allows one more service in parallel, up to this many. */
  readonly maxParallelLimit: number;
  /** A rollout that takes longer counts as stuck. */
  readonly stuckAfterMs: number;
  /** What to do if the orchestrator paused a rollout whose values made tasks fail. */
  readonly onFailure: 'rollback' | 'pause';
}
