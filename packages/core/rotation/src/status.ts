import type { Problem, RotateMode } from '@vault-swarm/provider';
import type { Role } from './workloads.ts';

/** A secret as an operator wants to see it. Names and revisions, never values. */
export interface SecretStatus {
  readonly name: string;
  /** The provider instance; `null` where the labels are wrong. */
  readonly provider: string | null;
  /** Where its value is, for people. */
  readonly ref: string | null;
  readonly rotate: RotateMode;
  readonly pinned: boolean;
  /** The revision last seen at the provider. */
  readonly revision: string | null;
  /** When the provider made it, or else when it was first seen, in milliseconds since 1970. */
  readonly changedAtMs: number | null;
  /** Names of the services that use it. */
  readonly services: readonly string[];
  /** What is wrong with it now. */
  readonly problem: string | null;
}

/** A service that uses secrets of ours. */
export interface ServiceStatus {
  readonly id: string;
  readonly name: string;
  readonly secrets: readonly string[];
  readonly runningTasks: number;
  /** How many of the running tasks do not hold the newest revisions. */
  readonly outdatedTasks: number;
  readonly rollout: {
    readonly generation: number;
    readonly secrets: readonly string[];
    readonly startedAtMs: number;
    /** `back`: it brings the last good values after newer ones failed. */
    readonly direction: 'forward' | 'back';
    readonly state: 'waiting' | 'rolling' | 'stuck' | 'failed';
  } | null;
  /** What made its tasks fail, and is not given to it until a value is newer or somebody asks. */
  readonly setAside: {
    readonly secrets: readonly string[];
    /** In milliseconds since 1970. */
    readonly sinceMs: number;
    readonly reason: string;
  } | null;
  readonly lastRotationAtMs: number | null;
  /** Why a rollout that is due was not begun. */
  readonly waitingFor: string | null;
  readonly problem: string | null;
}

/** All that the rotation knows, as of its latest pass. */
export interface RotationStatus {
  readonly enabled: boolean;
  /** `null` before the first answer of the orchestrator. */
  readonly role: Role | null;
  /** When the latest complete observation was made, in milliseconds since 1970. */
  readonly observedAtMs: number | null;
  readonly secrets: readonly SecretStatus[];
  readonly services: readonly ServiceStatus[];
  readonly problems: readonly Problem[];
}
