import type { Action } from './action.ts';
import { UNREADABLE } from './ground-truth.ts';
import type { Kind } from './kinds.ts';
import type { Run } from './run.ts';

function aSecret({ swarm, worldRandom }: Run) {
  return worldRandom.pick(swarm.snapshot().secrets);
}

/** What users do to labels, and what keeps tasks from starting beside their secrets. */
export const worldActions: Partial<Record<Kind, Action>> = {
  'invalid labels': (run) => {
    const { swarm, worldRandom: random, truth } = run;
    const { id, name, labels } = aSecret(run);
    if (!truth.isReadable(id)) return null;
    swarm.setLabels(id, { ...labels, rotate: UNREADABLE });
    run.lasts(random.pick([500, 5_000, 30_000, 120_000]), () => {
      const { rotate: _, ...others } = swarm.secret(id)?.labels ?? {};
      swarm.setLabels(id, { ...others, ...(labels.rotate === undefined ? {} : { rotate: labels.rotate }) });
      run.say(`user: the labels of ${name} are put right`);
    });
    return `user: the labels of ${name} can't be read`;
  },
  'rotate changes': (run) => {
    const { swarm, worldRandom: random, truth } = run;
    const { id, name, labels } = aSecret(run);
    if (!truth.isReadable(id)) return null;
    const rotate = random.pick(['auto', 'auto', 'manual', 'off']);
    swarm.setLabels(id, { ...labels, rotate });
    return `user: ${name} is rotated ${rotate}`;
  },
};
