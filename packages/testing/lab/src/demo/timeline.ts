import { waitFor } from '../process/wait-for.ts';
import type { Engine } from '../swarm/engine.ts';
import { readSecret, runningTasks } from '../swarm/swarm.ts';

/** A service that is watched. */
export interface Watched {
  readonly name: string;
  readonly replicas: number;
}

/** An observation, with the seconds since the watch started. */
export type Moment =
  | { readonly kind: 'rollout'; readonly service: string; readonly seconds: number }
  | { readonly kind: 'task'; readonly service: string; readonly task: string; readonly seconds: number }
  | { readonly kind: 'service'; readonly service: string; readonly seconds: number };

/**
 * Reads the services' containers until every task has the value, and reports each observation at once. Resolves to the seconds
 * that it took.
 *
 * @throws with the last state after `timeoutMs`.
 */
export async function watchValue(
  engine: Engine,
  {
    watched,
    secret,
    value,
    timeoutMs,
  }: { watched: readonly Watched[]; secret: string; value: string; timeoutMs: number },
  report: (moment: Moment) => void,
): Promise<number> {
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  await Promise.all(
    watched.map(async ({ name, replicas }) => {
      const before = await generation(engine, name);
      const reached = new Set<string>();
      let rolling = false;
      const check = async (see: (state: unknown) => void) => {
        if (!rolling && (await generation(engine, name)) !== before) {
          rolling = true;
          report({ kind: 'rollout', service: name, seconds: seconds() });
        }
        const tasks = await runningTasks(engine, name);
        for (const { id, slot, containerId } of tasks) {
          if (reached.has(id) || (await readSecret(engine, containerId, secret)).toString() !== value) continue;
          reached.add(id);
          report({ kind: 'task', service: name, task: `${name}.${slot}`, seconds: seconds() });
        }
        const current = tasks.filter(({ id }) => reached.has(id)).length;
        see(`${tasks.length} of ${replicas} tasks run, ${current} have the new value`);
        return tasks.length === replicas && current === replicas;
      };
      await waitFor(check, {
        timeoutMs,
        intervalMs: 50,
        what: `every task of ${name} to have the new value of ${secret}`,
      });
      report({ kind: 'service', service: name, seconds: seconds() });
    }),
  );
  return seconds();
}

async function generation(engine: Engine, service: string): Promise<number> {
  const { Spec: spec } = (await engine.api('GET', `/services/${service}`)) as {
    Spec: { TaskTemplate: { ForceUpdate?: number } };
  };
  return spec.TaskTemplate.ForceUpdate ?? 0;
}
