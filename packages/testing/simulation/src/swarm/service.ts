import type { RolloutReport } from '@vault-swarm/rotation';
import type { RestartPolicy, SimulatedTask } from './task.ts';

/** What Swarm does when tasks of an update fail. */
type FailureAction = 'pause' | 'rollback' | 'continue';

/** How a service's tasks are replaced: `update_config` in a stack file. */
export interface UpdateConfig {
  /** How many slots are replaced at the same time; 0: all. */
  readonly parallelism: number;
  /** How long to wait after each slot, in milliseconds. */
  readonly delayMs: number;
  /** How long a task that runs is watched for a failure, in milliseconds. */
  readonly monitorMs: number;
  readonly onFailure: FailureAction;
  /** Which share of the slots may fail before `onFailure` applies. */
  readonly maxFailureRatio: number;
  /** Which comes first in each slot: the new task is started, or the old one is stopped. */
  readonly order: 'stop-first' | 'start-first';
}

/** What a user posts. */
export interface ServiceSpec {
  /** Of a global service: the number of nodes. */
  readonly replicas: number;
  /** ForceUpdate: raised by one to start all tasks again. */
  readonly generation: number;
  /** A container made from a broken image fails whatever its secrets are. */
  readonly image: 'good' | 'broken';
  /** Tells apart what a user changed otherwise. */
  readonly edition: number;
  readonly secretIds: readonly string[];
  readonly update: UpdateConfig;
  readonly restart: RestartPolicy;
}

/** An update that is being carried out. */
export interface RunningUpdate {
  /** Which it is, so that what was left behind by another is known as such. */
  readonly isRollback: boolean;
  /** Slots that are still to be checked. */
  readonly slots: number[];
  /** Tasks that it made: until when a failure of each counts, `Infinity` while it does not run yet. */
  readonly watched: Map<string, number>;
  /** How many slots it replaces. */
  dirty: number;
  /** How many of its tasks failed while they were watched. */
  failures: number;
  working: number;
}

/**
 * What keeps tasks from starting: `pending` ones get no node (a placement constraint, resources), others are rejected by
 * their node (an image, a network).
 */
export interface StartFault {
  readonly kind: 'pending' | 'rejected';
  /** In Swarm's own words. */
  readonly reason: string;
  /** Whether an update of the service is refused for good too, as with a network that is gone. */
  readonly refusesUpdates?: boolean;
}

/** A service, as the Swarm's store has it, with its slots. */
export interface SimulatedService {
  readonly id: string;
  readonly name: string;
  readonly kind: 'service' | 'job';
  /** A global service has one slot for each node. */
  readonly isGlobal: boolean;
  /** Slots of a global service whose nodes run nothing now. */
  readonly absent: Set<number>;
  /** Slots whose latest task ended, and is not restarted until an update replaces it. */
  readonly givenUp: Set<number>;
  version: number;
  spec: ServiceSpec;
  previous: ServiceSpec | null;
  status: UpdateStatus;
  update: RunningUpdate | null;
  /** What keeps its tasks from starting beside their secrets; `null` while nothing does. */
  startFault: StartFault | null;
  /** The tasks of each slot, oldest first: the latest five. */
  readonly slots: Map<number, SimulatedTask[]>;
}

/** What is kept of the latest update; whether it may go on is seen by the specs and tasks. */
export type UpdateStatus = Omit<RolloutReport, 'resumable'>;

/** No update yet. */
export const NO_UPDATE: UpdateStatus = { state: 'none', message: '', startedAtMs: null };

/** By spec, since each snapshot asks for it. */
const fingerprints = new WeakMap<ServiceSpec, string>();

/** Of what tasks are made from, the generation aside. */
export function fingerprintOf(spec: ServiceSpec): string {
  const known = fingerprints.get(spec);
  if (known !== undefined) return known;
  const { image, edition, secretIds } = spec;
  const fingerprint = `${image} ${edition} ${secretIds.join(' ')}`;
  fingerprints.set(spec, fingerprint);
  return fingerprint;
}
