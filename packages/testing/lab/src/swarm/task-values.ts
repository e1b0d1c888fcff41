import { waitFor } from '../process/wait-for.ts';
import type { Engine } from './engine.ts';
import { readSecret, runningTasks } from './swarm.ts';

/** What each running task of a service is to have in a secret's file. */
export interface TaskValueExpectation {
  readonly service: string;
  readonly secret: string;
  readonly value: string | Uint8Array;
  /** How many tasks run then. */
  readonly replicas: number;
  /** 60 s if not given. */
  readonly timeoutMs?: number;
}

/** What the running tasks of a service have in a secret's file. */
export async function taskValues(engine: Engine, service: string, secret: string): Promise<readonly string[]> {
  const tasks = await runningTasks(engine, service);
  return Promise.all(tasks.map(async ({ containerId }) => (await readSecret(engine, containerId, secret)).toString()));
}

/**
 * Waits until so many tasks of a service run, and each has these bytes in a secret's file.
 * @returns the tasks' ids, sorted.
 */
export function waitForTaskValues(engine: Engine, expectation: TaskValueExpectation): Promise<readonly string[]> {
  const { service, secret, value, replicas, timeoutMs = 60_000 } = expectation;
  const wanted = Buffer.from(value);
  return waitFor(
    async (see) => {
      const tasks = await runningTasks(engine, service);
      const held = await Promise.all(tasks.map(({ containerId }) => readSecret(engine, containerId, secret)));
      see(held.map(String));
      if (held.length !== replicas || !held.every((bytes) => bytes.equals(wanted))) return null;
      return tasks.map(({ id }) => id).sort();
    },
    { timeoutMs, what: `${replicas} tasks of ${service} to have the value of ${secret}` },
  );
}
