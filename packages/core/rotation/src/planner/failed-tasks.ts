import { mapConcurrently } from '@vault-swarm/kernel';
import type { CallOptions } from '@vault-swarm/provider';
import type { ServiceBindings } from '../bindings/secret-binding.ts';
import type { LedgerDocument } from '../ledger/ledger.ts';
import type { FailedTask, Orchestrator } from '../ports/orchestrator.ts';
import type { RolloutTracker } from './rollout-tracker.ts';
import { isFullyRunning, isHalted } from './service-state.ts';

const READS_AT_ONCE = 4;

/** The services whose failed tasks may be needed, and where to read them. */
export interface FailuresInput {
  readonly services: readonly ServiceBindings[];
  readonly ledger: LedgerDocument;
  readonly orchestrator: Pick<Orchestrator, 'failures'>;
  readonly rollouts: RolloutTracker;
  /** A rollout that takes longer counts as stuck, in milliseconds. */
  readonly stuckAfterMs: number;
}

/**
 * Reads why tasks failed, by service. Covers services whose open rollout the orchestrator halted, rolls back or may
 * report nothing about, and those whose rollout takes too long. Rejects if the orchestrator does not answer.
 */
export async function readFailures(
  { services, ledger, orchestrator, rollouts, stuckAfterMs }: FailuresInput,
  options: CallOptions,
): Promise<ReadonlyMap<string, readonly FailedTask[]>> {
  const concerned = services.filter(({ service }) => {
    const open = ledger.services[service.id]?.rollout;
    if (open === undefined || open === null || open.state === 'failed') return false;
    const isRollingBack = service.rollout.state === 'rolling-back';
    // The orchestrator may report nothing about tasks that fail repeatedly.
    const isSilent = service.rollout.state === 'none' || service.rollout.state === 'completed';
    // Or it reports completion only because nothing was left to replace. Each task may run only for a moment.
    const mayFail = service.rollout.state === 'completed' || !isFullyRunning(service);
    if (isSilent && service.generation >= open.generation && mayFail) return true;
    const { forMs, rolledBack, overtaken } = rollouts.of(service.id, open);
    // The update that came first may have used the same generation, and may be rolled back by now.
    return isRollingBack || isHalted(service) || rolledBack || overtaken || forMs > stuckAfterMs;
  });
  return new Map(
    await mapConcurrently(concerned, READS_AT_ONCE, async ({ service: { id } }) => {
      const now = await orchestrator.failures(id, options);
      return [id, rollouts.failures(id, now)] as const;
    }),
  );
}
