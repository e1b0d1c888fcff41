import type { StartFault } from '../swarm/service.ts';
import { allTasks } from '../swarm/slots.ts';
import type { Action } from './action.ts';
import { UNREADABLE } from './ground-truth.ts';
import type { Kind } from './kinds.ts';
import type { Run } from './run.ts';

function aSecret({ swarm, worldRandom }: Run) {
  return worldRandom.pick(swarm.snapshot().secrets);
}

/** Each in the engine's words, as far as a task shows them. */
const START_FAULTS: readonly StartFault[] = [
  { kind: 'rejected', reason: 'No such image: registry.example/app:1' },
  { kind: 'pending', reason: 'no suitable node (scheduling constraints not satisfied on 3 nodes)' },
  { kind: 'pending', reason: 'no suitable node (insufficient resources on 3 nodes)' },
  { kind: 'rejected', reason: 'network app_default not found', refusesUpdates: true },
];

function aService({ swarm, worldRandom }: Run) {
  const all = swarm.services.filter(({ kind }) => kind === 'service');
  return all.length === 0 ? undefined : worldRandom.pick(all);
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
  'relabel service': (run) => {
    const service = aService(run);
    if (service === undefined) return null;
    run.swarm.relabel(service.id);
    run.oracle.resumed(service.id);
    return `user: changes the labels of ${service.name} by an update`;
  },
  'forget update': (run) => {
    const { swarm, worldRandom: random } = run;
    const resumed = swarm.services.filter((service) => {
      return service.status.state === 'paused' && allTasks(service).some(({ state }) => state === 'starting');
    });
    if (resumed.length === 0) return null;
    const { id, name } = random.pick(resumed);
    swarm.relabel(id);
    swarm.forgetUpdate(id);
    run.oracle.resumed(id);
    return `user: resumes ${name}, and Swarm forgets the update`;
  },
  'tasks do not start': (run) => {
    const { swarm, worldRandom: random } = run;
    const service = aService(run);
    if (service === undefined || service.startFault !== null) return null;
    const { id, name } = service;
    const fault = random.pick(START_FAULTS);
    swarm.setStartFault(id, fault);
    run.lasts(random.pick([2_000, 20_000, 90_000, 700_000]), () => {
      if (!swarm.services.some((known) => known.id === id)) return;
      swarm.setStartFault(id, null);
      run.say(`the tasks of ${name} may start again`);
    });
    return `the tasks of ${name} do not start: ${fault.reason}`;
  },
  'torn snapshot': (run) => {
    const { worldRandom: random } = run;
    run.tornMs = random.pick([20, 500, 3_000]);
    run.lasts(random.between(10_000, 120_000), () => {
      run.tornMs = 0;
    });
    return `tasks are listed ${run.tornMs} ms after their services`;
  },
};
