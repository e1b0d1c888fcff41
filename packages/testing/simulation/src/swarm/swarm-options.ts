import type { SimulatedService, UpdateConfig } from './service.ts';
import type { AskDriver, Pace, RestartPolicy, SimulatedTask } from './task.ts';

/** What a service is made of, where it is not as usual. */
export interface ServiceOptions {
  readonly kind?: 'service' | 'job';
  /** Whether it runs one task on each node. */
  readonly isGlobal?: boolean;
  readonly update?: Partial<UpdateConfig>;
  readonly restart?: RestartPolicy;
  /** What its tasks hold that run from the start, by the secret's name; without it they are started. */
  readonly held?: SimulatedTask['held'];
}

/** What a Swarm is made of. */
export interface SwarmOptions {
  readonly ask: AskDriver;
  /** Whether a container with what it holds fails. */
  readonly fails: (task: SimulatedTask) => boolean;
  /** Called before an update stops a task to replace it. */
  readonly onReplace?: (service: SimulatedService, task: SimulatedTask) => void;
  readonly nodes?: readonly string[];
  readonly pace?: Partial<Pace>;
}

/** How a service is updated that says nothing of it. */
export const UPDATE: UpdateConfig = {
  parallelism: 1,
  delayMs: 0,
  monitorMs: 500,
  onFailure: 'pause',
  maxFailureRatio: 0,
  order: 'stop-first',
};

/** How a service is restarted that says nothing of it. */
export const RESTART: RestartPolicy = { condition: 'any', maxAttempts: 0 };

/** How quick a Swarm is that says nothing of it. */
export const PACE: Pace = { reactMs: 20, bootMs: 100, crashMs: 300, restartMs: 5_000 };
