import { displayMessage } from '@vault-swarm/kernel';
import type { CallOptions, Labels } from '@vault-swarm/provider';

/** A secret of ours: an object of the Swarm whose driver we are. */
export interface WorkloadSecret {
  readonly id: string;
  readonly name: string;
  readonly labels: Labels;
  /**
   * Names of options that its author gave to its driver. The orchestrator does not pass them on, so they have no effect. Missing
   * if there are none.
   */
  readonly driverOptions?: readonly string[];
}

/**
 * One running copy of a service. `starting` has not run yet (its secrets may still be asked for), `ended` never runs
 * again. A task that is to be stopped counts as `ended`.
 */
export interface WorkloadTask {
  readonly id: string;
  /** The generation of its service that it was made from. */
  readonly generation: number;
  /** By the orchestrator's clock, in milliseconds since 1970. */
  readonly createdAtMs: number;
  readonly state: 'starting' | 'running' | 'ended';
  /** Why it does not run yet, in the orchestrator's own words; empty where it says nothing. */
  readonly reason: string;
  /**
   * Whether an update of its service leaves it as it is for now: the service has one task on each node, and this one's
   * takes no new tasks. It is replaced when the node does again.
   */
  readonly isKept?: boolean;
}

/**
 * What the orchestrator says of the latest update of a service, also of one by its user. `message` is its own reason.
 */
export interface RolloutReport {
  readonly state: 'none' | 'rolling' | 'completed' | 'paused' | 'rolling-back' | 'rolled-back' | 'rollback-paused';
  readonly message: string;
  /** When it (or the rollback) started, in milliseconds since 1970; `null` where it is not told. */
  readonly startedAtMs: number | null;
  /**
   * Of a paused one: whether going on with it forces nothing on anybody. It changes nothing but the generation; or tasks
   * as it makes them run already, and every living task of the service runs.
   */
  readonly resumable: boolean;
}

/** A service that uses secrets of ours. */
export interface Workload {
  readonly id: string;
  readonly name: string;
  /** What it is deployed with, a stack for instance; tenants share the places of rollouts. Those without one are a tenant too. */
  readonly tenant?: string;
  /** Of the service object, for compare-and-set. */
  readonly version: number;
  /** How often its tasks were started again; a rollback restores an older number. */
  readonly generation: number;
  /** Of what its tasks are made from: equal as long as nobody changed more of that than the generation. */
  readonly fingerprint: string;
  /** A job's tasks end by themselves; rolling it would run it again. */
  readonly kind: 'service' | 'job';
  /** How many tasks shall run, as its user set it; `null` if that follows from the nodes (a global service). */
  readonly desiredTasks: number | null;
  /** Ids of the secrets of ours that it uses, each once. */
  readonly secretIds: readonly string[];
  /**
   * Ids of the secrets of ours that only its spec before has, until the update to the present one is completed: tasks made
   * from it may run, and the orchestrator may return to it.
   */
  readonly formerSecretIds: readonly string[];
  readonly rollout: RolloutReport;
  readonly tasks: readonly WorkloadTask[];
}

/** A task that ended because something went wrong. */
export interface FailedTask {
  readonly id: string;
  readonly generation: number;
  /** Of what it was made from: comparable with {@link Workload.fingerprint}. */
  readonly fingerprint: string;
  /** Whether its secrets were delivered and its containers started: what failed then is not the delivery. */
  readonly started: boolean;
  /** Whether it did not start because its secrets were not delivered. */
  readonly undelivered: boolean;
  /** Whether its node was up and in use: a task that ends with its node says nothing about its secrets. */
  readonly nodeReady: boolean;
  /** The orchestrator's own reason. */
  readonly message: string;
}

/** What runs, at one moment: our secrets, and the services that use them. */
export interface WorkloadSnapshot {
  readonly secrets: readonly WorkloadSecret[];
  readonly services: readonly Workload[];
}

/** `conflict`: somebody else wrote first, or it is gone. `unknown`: it may or may not have been applied; look again. */
export type WriteOutcome = 'applied' | 'conflict' | 'unknown';

/** The orchestrator answers, and does not let us ask: a right is missing, or a filter before it refuses the request. */
export class AccessDenied extends Error {
  override readonly name: string = 'AccessDenied';
}

/** The orchestrator refused an update for good; `message` is its reason. */
export class RolloutRejected extends Error {
  override readonly name = 'RolloutRejected';

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(displayMessage(message), options);
  }
}

/** How an update of a service is made. */
export interface RollOptions extends CallOptions {
  /**
   * Asked right before the update is sent, without waiting for anything in between: where it says no, nothing is sent, and
   * the outcome is `conflict`. Without it the update is due.
   */
  readonly isDue?: () => boolean;
}

/**
 * The orchestrator's services. Calls reject where it did not answer; `roll` with {@link RolloutRejected} where it
 * refused the update for good.
 */
export interface Orchestrator {
  /** What its users call the orchestrator, for messages to them. */
  readonly displayName: string;
  observe(options: CallOptions): Promise<WorkloadSnapshot>;
  /** The generation of a task, which no snapshot may have shown yet; `null` where there is no such task. */
  generationOf(taskId: string, options: CallOptions): Promise<number | null>;
  /** The failed tasks of a service that the orchestrator still knows of. */
  failures(id: string, options: CallOptions): Promise<readonly FailedTask[]>;
  /**
   * Starts the tasks of a service again, as its own update configuration says, if it still has `version`.
   * @param generation the service's next generation; greater than any number seen for it. Its present one resumes an
   * update that the orchestrator paused.
   */
  roll(id: string, version: number, generation: number, options: RollOptions): Promise<WriteOutcome>;
}

/** Tells that services, secrets or tasks may have changed. Only a hint to look sooner; hints may be lost. */
export interface OrchestratorChanges {
  /** Calls `listener` on each hint until the returned function is called. */
  onChange(listener: () => void): () => void;
}

/** `worker`: this node can't manage the cluster, so the plugin can do nothing here. */
export type Role = 'leader' | 'standby' | 'worker';

/** Which part this node has in the cluster, now. Rejects where the engine does not answer. */
export interface Leadership {
  role(options: CallOptions): Promise<Role>;
}

/** The ledger as it is stored, and the version of the object that holds it. */
export type LedgerRecord =
  | {
      readonly kind: 'text';
      /** As we wrote it. */
      readonly text: string;
      readonly version: string;
      /** Whether it is to be written again, though nothing in it has changed, so that the store trusts it from now on. */
      readonly mustRewrite: boolean;
      /** What somebody did to the ledger, for people; else `null`. */
      readonly warning: string | null;
    }
  /** It may not be ours: nothing in it counts. `message` says why, and what to do. */
  | { readonly kind: 'untrusted'; readonly version: string; readonly message: string };

/** One document, replicated by the orchestrator, changed by compare-and-set. Calls reject where it did not answer. */
export interface LedgerStore {
  /** `null` where there is none. */
  read(options: CallOptions): Promise<LedgerRecord | null>;
  /** @param version of the record that was read; `null` to make the first one. */
  compareAndSet(version: string | null, text: string, options: CallOptions): Promise<WriteOutcome>;
}
