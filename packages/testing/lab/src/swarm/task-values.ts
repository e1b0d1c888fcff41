import { waitFor } from '../process/wait-for.ts';
import type { Engine } from './engine.ts';
import { readSecret, runningTasks } from './swarm.ts';

/** The expected content of a secret's file in each running task of a service. */
export interface TaskValueExpectation {
  readonly service: string;
  readonly secret: string;
  readonly value: string | Uint8Array;
  /** The number of running tasks. */
  readonly replicas: number;
  /** 60 s if not given. */
  readonly timeoutMs?: number;
}

/** The content of a secret's file in each running task of a service. */
export async function taskValues(engine: Engine, service: string, secret: string): Promise<readonly string[]> {
  const tasks = await runningTasks(engine, service);
  return Promise.all(tasks.map(async ({ containerId }) => (await readSecret(engine, containerId, secret)).toString()));
}

/**
 * Waits until `replicas` tasks of a service run, and each has these bytes in a secret's file.
 * @returns the tasks' ids, sorted.
 */
export function waitForTaskValues(engine: Engine, expectation: TaskValueExpectation): Promise<readonly string[]> {
  const { service, secret, value, replicas, timeoutMs = 60_000 } = expectation;
  const desired = Buffer.from(value);
  return waitFor(
    async (see) => {
      const tasks = await runningTasks(engine, service);
      const held = await Promise.all(tasks.map(({ containerId }) => readSecret(engine, containerId, secret)));
      see(held.map(String));
      if (held.length !== replicas || !held.every((bytes) => bytes.equals(desired))) return null;
      return tasks.map(({ id }) => id).sort();
    },
    { timeoutMs, what: `${replicas} tasks of ${service} to have the value of ${secret}` },
  );
}
