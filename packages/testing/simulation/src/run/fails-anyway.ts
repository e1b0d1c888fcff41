import { isBadFor } from '../failing.ts';
import type { SimulatedService } from '../swarm/service.ts';
import { allTasks } from '../swarm/slots.ts';
import { isAlive } from '../swarm/task.ts';
import type { RunContext } from './run-context.ts';

/** Whether tasks of the service hold a bad value that its open rollout gives them again: what fails then may fail for that one. */
export function failsAnyway({ swarm, ledger }: RunContext, service: SimulatedService): boolean {
  const target = ledger?.services[service.id]?.rollout?.target ?? {};
  const living = allTasks(service).filter(isAlive);
  return service.spec.secretIds.some((id) => {
    const given = (target[id] ?? target[`${service.id}/${id}`])?.revision;
    const held = living.map((task) => task.held.get(swarm.secret(id)?.name ?? ''));
    return held.some(
      (one) => one !== undefined && isBadFor(one.text, service.name) && given?.endsWith(`:${one.revision}`),
    );
  });
}
