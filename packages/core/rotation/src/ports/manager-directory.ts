import type { CallOptions } from '@vault-swarm/provider';
import type { WriteOutcome } from './orchestrator.ts';

/** How a plugin is run: as a managed plugin of the engine, as a task of a service, or as any other process. */
export type PluginKind = 'managed' | 'service' | 'process';

/** What a plugin says about itself, in a place that the plugins of the other managers read. */
export interface PluginAnnouncement {
  readonly version: string;
  readonly state: 'running' | 'stopped';
  readonly kind: PluginKind;
  /** The service whose task it is; `null` if it is none. */
  readonly serviceId: string | null;
  /** When its process started, in milliseconds since 1970: on one manager, the identity of the process. */
  readonly startedAtMs: number;
  /** When it was written, in milliseconds since 1970, by the clock of that manager. */
  readonly writtenAtMs: number;
  /**
   * The ids of the operator's keys for the ledger that it trusts, the one that it signs with first; empty if it has
   * none, and `null` if its version does not say so.
   */
  readonly ledgerKeys: readonly string[] | null;
  /** How far its clock was ahead of the leader's, in milliseconds; negative if it was behind, 0 if they agreed. */
  readonly clockAheadMs: number;
}

/** A manager, as the orchestrator lists it. */
export interface ListedManager {
  readonly id: string;
  /** Its host name. */
  readonly name: string;
  readonly isLeader: boolean;
  /** Whether its engine answers the other managers. */
  readonly isUp: boolean;
  /** Whether it is the manager of the plugin that reads the list. */
  readonly isSelf: boolean;
  /** When anything of it was last written, by the leader's clock, in milliseconds since 1970; `null` if unknown. */
  readonly changedAtMs: number | null;
  /** `null` if no plugin has announced itself there. */
  readonly announcement: PluginAnnouncement | null;
  /** Whether the orchestrator says that the plugin runs there; `null` if it does not know. */
  readonly isConfirmed: boolean | null;
}

/** How operators act on managers: the orchestrator's own commands, each as a sentence without its period. */
export interface ManagerAdvice {
  /** How the plugin is started on this manager. */
  start(manager: Pick<ListedManager, 'name' | 'announcement'>): string;
  /** How another manager becomes the leader. */
  demote(manager: Pick<ListedManager, 'name'>): string;
  /** How the plugin is allowed to announce itself. */
  readonly allowAnnouncement: string;
}

/** The managers of the cluster, and where their plugins announce themselves. Calls reject if it does not answer. */
export interface ManagerDirectory {
  readonly advice: ManagerAdvice;
  /** All managers, by name; empty if this node is none. */
  list(options: CallOptions): Promise<readonly ListedManager[]>;
  /** How the orchestrator runs this process. Costs a request if it is a container. */
  ownKind(options: CallOptions): Promise<Pick<PluginAnnouncement, 'kind' | 'serviceId'>>;
  /** Replaces the announcement of the plugin on a manager. Rejects with `AccessDenied` if that is not allowed. */
  announce(managerId: string, announcement: PluginAnnouncement, options: CallOptions): Promise<WriteOutcome>;
}
