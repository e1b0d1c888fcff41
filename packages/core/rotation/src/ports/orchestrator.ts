import { displayMessage } from '@vault-swarm/kernel';
import type { CallOptions, Labels, OrchestratorAdvice, OrchestratorWords } from '@vault-swarm/provider';

/** A secret of ours: an object of the orchestrator that uses this driver. */
export interface WorkloadSecret {
  readonly id: string;
  readonly name: string;
  readonly labels: Labels;
  /**
   * Names of driver options that the secret's author set. The orchestrator does not pass them on, so they have no
   * effect. Missing if there are none.
   */
  readonly driverOptions?: readonly string[];
}

/**
 * One task of a service. A `starting` task has not run yet, and may still request its secrets. An `ended` task never
 * runs again. A task that is being stopped counts as `ended`.
 */
export interface WorkloadTask {
  readonly id: string;
  /** The generation of its service from which it was created. */
  readonly generation: number;
  /** By the orchestrator's clock, in milliseconds since 1970. */
  readonly createdAtMs: number;
  readonly state: 'starting' | 'running' | 'ended';
  /** Why it does not run yet, in the orchestrator's own words; empty if there is no reason. */
  readonly reason: string;
  /**
   * Whether an update of its service skips it for now: the service has one task per node, and this node takes no new
   * tasks. The task is replaced when the node takes tasks again.
   */
  readonly isKept?: boolean;
}

/** The orchestrator's report about the latest update of a service, also one by its user. `message` is its own reason. */
export interface RolloutReport {
  readonly state: 'none' | 'rolling' | 'completed' | 'paused' | 'rolling-back' | 'rolled-back' | 'rollback-paused';
  readonly message: string;
  /** When the update (or the rollback) started, in milliseconds since 1970; `null` if it is not reported. */
  readonly startedAtMs: number | null;
  /**
   * Whether a paused update can be resumed without harm. Either it changes only the generation. Or tasks that it made
   * already run, and every living task of the service runs.
   */
  readonly resumable: boolean;
}

/** A service that uses secrets of this driver. */
export interface Workload {
  readonly id: string;
  readonly name: string;
  /**
   * The deployment that it belongs to, for example a stack. Tenants share the places for rollouts. Services without one
   * form a tenant too.
   */
  readonly tenant?: string;
  /** The version of the service object, for compare-and-set. */
  readonly version: number;
  /** The `ForceUpdate` counter: how often its tasks were restarted. A rollback restores an older number. */
  readonly generation: number;
  /** The fingerprint of the task template. It stays equal while nothing but the generation changes. */
  readonly fingerprint: string;
  /** Tasks of a job end by themselves. A rollout would run the job again. */
  readonly kind: 'service' | 'job';
  /** The desired number of tasks, set by its user; `null` if it follows from the nodes (a global service). */
  readonly desiredTasks: number | null;
  /** Ids of this driver's secrets that it uses, without duplicates. */
  readonly secretIds: readonly string[];
  /**
   * Ids of this driver's secrets that only the previous spec has, while the update to the present spec is not
   * completed. Tasks of the previous spec may still run, and the orchestrator may return to it.
   */
  readonly formerSecretIds: readonly string[];
  readonly rollout: RolloutReport;
  readonly tasks: readonly WorkloadTask[];
  /** Replaces the policy's `onFailure` for this service. */
  readonly onFailure?: 'rollback' | 'pause';
}

/** A task that ended because something went wrong. */
export interface FailedTask {
  readonly id: string;
  readonly generation: number;
  /** The fingerprint of the task's template, comparable with {@link Workload.fingerprint}. */
  readonly fingerprint: string;
  /** Whether its secrets were delivered and its containers started. If so, the delivery did not cause the failure. */
  readonly started: boolean;
  /** Whether it did not start because its secrets were not delivered. */
  readonly undelivered: boolean;
  /** Whether its node was up and in use. A task that ends with its node proves nothing about its secrets. */
  readonly nodeReady: boolean;
  /** Why it failed, in the orchestrator's own words or as `exit code 1`. Failures with one cause have one text. */
  readonly message: string;
  /**
   * From its start until it ended, in milliseconds. An estimate, since the orchestrator records only its creation. `null`
   * if it never started.
   */
  readonly ranMs: number | null;
  /** By the orchestrator's clock, in milliseconds since 1970. */
  readonly endedAtMs: number;
}

/** The secrets of this driver at one moment, and the services that use them. */
export interface WorkloadSnapshot {
  readonly secrets: readonly WorkloadSecret[];
  readonly services: readonly Workload[];
}

/**
 * `conflict`: another client wrote first, or the object is gone. `unknown`: it may or may not have been applied; read
 * it again.
 */
export type WriteOutcome = 'applied' | 'conflict' | 'unknown';

/** The orchestrator answers but denies access: a right is missing, or a proxy filter rejects the request. */
export class AccessDenied extends Error {
  override readonly name: string = 'AccessDenied';
}

/** The orchestrator rejected an update permanently; `message` is its reason. */
export class RolloutRejected extends Error {
  override readonly name = 'RolloutRejected';

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(displayMessage(message), options);
  }
}

/** How an update of a service is made. */
export interface RollOptions extends CallOptions {
  /**
   * Called synchronously right before the update is sent. If it returns `false`, nothing is sent, and the outcome is
   * `conflict`. Without this function the update is always due.
   */
  readonly isDue?: () => boolean;
}

/**
 * The orchestrator's services. Calls reject if it did not answer. `roll` rejects with {@link RolloutRejected} if it
 * rejected the update permanently.
 */
export interface Orchestrator {
  /** The orchestrator's name for messages to its users. */
  readonly displayName: string;
  /** What its users call a service and a task, if they have other words for them. */
  readonly words?: OrchestratorWords;
  /** How its users act on problems. Without it, they get general texts. */
  readonly advice?: OrchestratorAdvice;
  observe(options: CallOptions): Promise<WorkloadSnapshot>;
  /** A task that may be in no snapshot yet; `null` if there is no such task. */
  findTask(taskId: string, options: CallOptions): Promise<WorkloadTask | null>;
  /** The failed tasks of a service that the orchestrator still has. */
  failures(id: string, options: CallOptions): Promise<readonly FailedTask[]>;
  /**
   * Restarts the tasks of a service, as its own update configuration says, if it still has `version`.
   * @param generation the next generation, greater than any number seen for the service. The present generation resumes
   * an update that the orchestrator paused.
   */
  roll(id: string, version: number, generation: number, options: RollOptions): Promise<WriteOutcome>;
}

/** Signals that services, secrets or tasks may have changed. These are only hints to reconcile sooner, and may be lost. */
export interface OrchestratorChanges {
  /** Calls `listener` on each hint until the returned function is called. */
  onChange(listener: () => void): () => void;
}

/** `worker`: this node can't manage the cluster, so the plugin can do nothing here. */
export type Role = 'leader' | 'standby' | 'worker';

/** This node's present role in the cluster. Rejects if the engine does not answer. */
export interface Leadership {
  role(options: CallOptions): Promise<Role>;
}

/** The stored ledger, and the version of the object that holds it. */
export type LedgerRecord =
  | {
      readonly kind: 'text';
      /** The text as the plugin wrote it. */
      readonly text: string;
      readonly version: string;
      /** Whether it must be written again although nothing changed, so that the store trusts it from now on. */
      readonly mustRewrite: boolean;
      /** What another client did to the ledger, for people; `null` if nothing. */
      readonly warning: string | null;
    }
  /** It may not be the plugin's ledger, so nothing in it counts. `message` says why, and what to do. */
  | { readonly kind: 'untrusted'; readonly version: string; readonly message: string };

/**
 * One document, replicated by the orchestrator and changed by compare-and-set. Calls reject if the orchestrator did not
 * answer.
 */
export interface LedgerStore {
  /** `null` if there is none. */
  read(options: CallOptions): Promise<LedgerRecord | null>;
  /** @param version of the record that was read; `null` to create the first one. */
  compareAndSet(version: string | null, text: string, options: CallOptions): Promise<WriteOutcome>;
}
