import type { SimulatedService } from '../swarm/service.ts';
import type { RunContext } from './run-context.ts';

/**
 * Whether the ledger has a value of every secret of a service: a change of one that nobody has read is not seen.
 *
 * @param paths only secrets of these paths.
 */
export function isRecorded(
  { swarm, truth, ledger }: RunContext,
  service: SimulatedService,
  paths?: ReadonlySet<string>,
): boolean {
  const used = truth.bindingsOf(service).filter(({ path, isPinned }) => !isPinned && paths?.has(path) !== false);
  const ids = service.spec.secretIds.filter((id) => used.some(({ name }) => name === swarm.secret(id)?.name));
  const secrets = ledger?.secrets ?? {};
  return ids.every((id) => id in secrets || `${service.id}/${id}` in secrets);
}
