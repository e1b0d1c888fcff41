import type { Action } from './action.ts';
import type { Kind } from './kinds.ts';

/** What makes Swarm restart tasks by themselves, or not. */
export const restartActions: Partial<Record<Kind, Action>> = {
  /** Only while nothing else happens to the service: nobody could tell it from a failure of a value. */
  'tasks end': (run) => {
    const { swarm, restartRandom: random, ledger } = run;
    const calm = swarm.services.filter(({ id, kind, update }) => {
      const isOpen = (ledger?.services[id]?.rollout ?? null) !== null;
      return kind === 'service' && update === null && !isOpen && swarm.runningTasks(id).length > 0;
    });
    if (calm.length === 0) return null;
    const { id, name } = random.pick(calm);
    const task = random.pick(swarm.runningTasks(id));
    const code = random.pick([0, 0, 1]);
    swarm.exitTask(id, task.id, code);
    return `${task.id} of ${name} exits with code ${code}`;
  },
};
