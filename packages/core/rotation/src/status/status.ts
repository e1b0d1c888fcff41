import type { DeliveryErrorCode, Problem, ProblemCode, RolloutCause, RotateMode } from '@vault-swarm/provider';
import type { Lockdown } from '../ledger/ledger.ts';
import type { Role } from '../ports/orchestrator.ts';
import type { WaitingReason } from '../ports/waiting-reason.ts';
import type { LeasesStatus } from './lease-status.ts';
import type { ServiceCondition } from './service-condition.ts';

/** The status of a secret. Names and revisions, never values. */
export interface SecretStatus {
  readonly name: string;
  /** The provider instance; `null` if the labels are invalid. */
  readonly provider: string | null;
  /** The location of its value, for people. */
  readonly ref: string | null;
  readonly rotate: RotateMode;
  readonly pinned: boolean;
  /** The revision last seen at the provider. */
  readonly revision: string | null;
  /** When the provider made it, or else when it was first seen, in milliseconds since 1970. */
  readonly changedAtMs: number | null;
  /** Names of the services that use it. */
  readonly services: readonly string[];
  /** Why it has no value to deliver; `null` if it has one. */
  readonly problem: { readonly code: Exclude<DeliveryErrorCode, 'DEADLINE'>; readonly message: string } | null;
}

/** How many running tasks of a service have which revisions of one of its secrets. */
export interface SecretTaskRevisions {
  /** Its name. */
  readonly secret: string;
  /** The newest revision at the provider; `null` if it is not known. */
  readonly providerRevision: string | null;
  /** The last good revision, which tasks get while the newest one is quarantined; `null` if it is not. */
  readonly heldBackRevision: string | null;
  /** Sorted: the revision of most tasks first. */
  readonly revisions: readonly TaskRevisionCount[];
}

/** One revision, and how many running tasks have it. */
export interface TaskRevisionCount {
  /** The provider's name for it; `null` if it is not known. */
  readonly revision: string | null;
  readonly tasks: number;
  readonly state: RevisionState;
}

/**
 * `current`: the provider's current value. `held-back`: the last good one, because the current one is quarantined.
 * `outdated`: neither of them.
 */
export type RevisionState = 'current' | 'held-back' | 'outdated' | 'unknown';

/** A service that uses secrets of this driver. */
export interface ServiceStatus {
  readonly id: string;
  readonly name: string;
  /** The state of the service as a whole. */
  readonly state: ServiceCondition;
  /** All secrets of this driver that it uses, also those with invalid labels. */
  readonly secrets: readonly string[];
  /** Those of them that tasks that start now do not get. */
  readonly undeliverableSecrets: readonly string[];
  readonly runningTasks: number;
  /** How many tasks should run; for a service with one task per node, how many exist. */
  readonly desiredTasks: number;
  /** How many of the running tasks do not have the desired revisions. */
  readonly outdatedTasks: number;
  /** One for each secret whose labels pin no version. */
  readonly taskRevisions: readonly SecretTaskRevisions[];
  readonly rollout: {
    readonly generation: number;
    readonly secrets: readonly string[];
    /** Why it was started: one entry for each changed secret, at most 20. */
    readonly cause: readonly RolloutCause[];
    readonly startedAtMs: number;
    /** `rollback`: its targets are the last good values, after newer ones failed. */
    readonly direction: 'forward' | 'rollback';
    readonly state: 'waiting' | 'rolling' | 'stuck' | 'failed';
    /** Running tasks that have its target. */
    readonly tasksDone: number;
    /** These tasks, and all other tasks that run or start. */
    readonly tasksTotal: number;
  } | null;
  /** Values that made its tasks fail. They are withheld until a value is newer, or an operator requests them. */
  readonly quarantine: {
    readonly secrets: readonly string[];
    /** In milliseconds since 1970. */
    readonly sinceMs: number;
    readonly reason: string;
  } | null;
  readonly lastRotationAtMs: number | null;
  /** Why a rollout that is due does not start or proceed; `null` if there is no such reason. */
  readonly waitingReason: WaitingReason | null;
  /** Why its rotation does not proceed as it should; `null` if it does. */
  readonly problem: {
    readonly code: Extract<ProblemCode, 'ROTATION_BLOCKED' | 'ROTATION_TOO_FREQUENT'>;
    readonly message: string;
  } | null;
}

/** The status of the rotation as of its latest reconcile pass. */
export interface RotationStatus {
  readonly enabled: boolean;
  /** `null` before the first answer of the orchestrator. */
  readonly role: Role | null;
  readonly lockdown: Lockdown | null;
  /** When the latest complete observation was made, in milliseconds since 1970. */
  readonly observedAtMs: number | null;
  readonly secrets: readonly SecretStatus[];
  readonly services: readonly ServiceStatus[];
  readonly leases: LeasesStatus;
  readonly problems: readonly Problem[];
}
