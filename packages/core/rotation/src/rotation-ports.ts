import type { Clock, Digest, Events, LabelReader, ProviderInstance, Random } from '@vault-swarm/provider';
import type { RotationPolicy } from './plan-service.ts';
import type { CurrentValues } from './revision-watch.ts';
import type { Leadership, LedgerStore, WorkloadChanges, Workloads } from './workloads.ts';

/** How the rotation behaves. Times in milliseconds. */
export interface RotationSettings {
  /** Whether services are rolled; without it the rotation only looks. */
  readonly enabled: boolean;
  /** How often the providers are asked and the services compared. */
  readonly intervalMs: number;
  readonly policy: RotationPolicy;
  /** Key of the digests in the ledger; without one, the ledger keeps one of its own. */
  readonly digestKey: string | null;
}

/** The world outside, as the rotation needs it. */
export interface RotationPorts {
  readonly workloads: Workloads;
  readonly changes: WorkloadChanges;
  readonly leadership: Leadership;
  readonly ledger: LedgerStore;
  readonly labels: LabelReader;
  /** Names of the configured providers. */
  readonly providers: readonly string[];
  readonly findProvider: (name: string) => Promise<ProviderInstance>;
  readonly values: CurrentValues;
  readonly digest: Digest;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: Events;
}

/** What a task was given, as the delivery tells it. */
export interface DeliveredTo {
  readonly taskId: string | undefined;
  readonly secretName: string;
  readonly provider: string;
  readonly refKey: string;
  readonly revision: string;
}
