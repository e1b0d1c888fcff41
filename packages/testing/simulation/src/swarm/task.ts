import type { WorkloadSecret } from '@vault-swarm/rotation';

/** What a container holds of one secret. */
export interface HeldSecret {
  readonly text: string;
  readonly revision: string;
}

/** Which tasks that ended are replaced: `restart_policy` in a stack file. Its `window` is not simulated. */
export interface RestartPolicy {
  /** `on-failure`: not those whose containers exited with code 0. */
  readonly condition: 'any' | 'on-failure' | 'none';
  /** How often a slot is restarted with the same spec; 0: always. */
  readonly maxAttempts: number;
}

/** A task and its container. */
export interface SimulatedTask {
  readonly id: string;
  readonly serviceId: string;
  readonly serviceName: string;
  readonly slot: number;
  readonly generation: number;
  readonly fingerprint: string;
  /** The spec from which it was made: another object for each version. */
  readonly spec: { readonly restart: RestartPolicy };
  readonly isBroken: boolean;
  readonly secretIds: readonly string[];
  readonly createdAtMs: number;
  node: string | null;
  state: 'starting' | 'running' | 'failed' | 'stopped';
  /** Why it does not run, in Swarm's own words. */
  reason: string;
  /** Whether its containers exited with code 0. */
  isCompleted: boolean;
  /** Whether its containers had started when it ended. */
  started: boolean;
  startedAtMs: number | null;
  endedAtMs: number | null;
  /** Whether its node was up and in use when it failed. */
  nodeReady: boolean;
  /** By the secret's name: what its containers hold, or will. */
  readonly held: Map<string, HeldSecret>;
}

/** Asks the driver for a secret of a task. `null`: it was refused, or nobody answered. */
export type AskDriver = (task: SimulatedTask, secret: WorkloadSecret) => Promise<HeldSecret | null>;

/** How quick things go, in milliseconds. */
export interface Pace {
  /** From a change in the store to what the orchestrator does about it. */
  readonly reactMs: number;
  /** From a task's secrets to its running. */
  readonly bootMs: number;
  /** From a task's running to its failing, where it has to. */
  readonly crashMs: number;
  /** A task that takes the place of one that failed starts after this time. */
  readonly restartMs: number;
}

/** Whether the task is not over. */
export function isAlive({ state }: SimulatedTask): boolean {
  return state === 'starting' || state === 'running';
}
