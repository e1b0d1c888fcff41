import { type OpenRollout, untagRevision } from '@vault-swarm/rotation/ledger-format';
import { compareRevisions } from '../simulated-provider.ts';
import type { SimulatedService } from '../swarm/service.ts';
import { allTasks } from '../swarm/slots.ts';
import { isAlive } from '../swarm/task.ts';
import type { RunContext } from './run-context.ts';

/**
 * Which older value a rollout that starts now would give to tasks that hold a newer one, by the truth: as an answer of a
 * replica that lags behind would make it do. `null` if it is none.
 *
 * @param knows whether the process that starts it must know what a task holds.
 */
export function restoredValue(
  { swarm, provider, truth, kinds }: RunContext,
  service: SimulatedService,
  { direction, target }: OpenRollout,
  knows: (taskId: string) => boolean,
): string | null {
  // With other labels the revisions are of another path.
  if (direction === 'rollback' || kinds.has('change labels') || kinds.has('swap secret')) return null;
  const living = allTasks(service).filter((task) => isAlive(task) && knows(task.id));
  for (const id of service.spec.secretIds) {
    const name = swarm.secret(id)?.name ?? '';
    const version = target[id] ?? target[`${service.id}/${id}`];
    const brought = version === undefined ? undefined : untagRevision(version.revision);
    const path = truth.bindingsOf(service).find((use) => use.name === name && !use.isPinned)?.path;
    if (brought === undefined || path === undefined) continue;
    for (const { id: taskId, held } of living) {
      const revision = held.get(name)?.revision ?? '';
      const isOlder = revision.startsWith('v') && compareRevisions(brought, revision) < 0;
      if (isOlder && !provider.hadLater(path, brought, revision))
        return `${name} from ${revision}, which ${taskId} holds, to ${brought}`;
    }
  }
  return null;
}
