import type { BindingState } from '../bindings/binding-state.ts';
import { quarantineOf } from '../ledger/ledger.ts';
import { blocked, type Decision, wait } from './decision.ts';
import { isSettled, isStable, type ServiceState } from './service-state.ts';

/**
 * Why no task of the service may be started now; `null` if tasks may start. A task needs all secrets of the service, so
 * each of them can block.
 */
export function blockerOf(serviceState: ServiceState): Decision | null {
  const { unread, undeliverable, bindings } = serviceState;
  if (unread.length > 0) return blocked(serviceState, 'LABELS_INVALID');
  const missing = undeliverable[0];
  if (missing !== undefined) return blocked(serviceState, 'SECRET_UNDELIVERABLE', missing);
  if (isRollbackValueLost(serviceState)) return blocked(serviceState, 'ROLLBACK_VALUE_LOST');
  if (bindings.some(({ desired }) => desired === undefined)) return wait(serviceState, 'NEWEST_VALUE_UNKNOWN');
  return null;
}

/** Why a rollout must wait for a change that the orchestrator may not have taken up yet; `null` if there is none. */
export function blockerByChange(serviceState: ServiceState): Decision | null {
  const isTakenUp = serviceState.service.rollout.state !== 'none' || isSettled(serviceState);
  return isTakenUp ? null : wait(serviceState, 'SERVICE_CHANGED');
}

/** Why a rollout must wait for an update that is not part of a rollout; `null` if it need not wait. */
export function blockerByUpdate(serviceState: ServiceState): Decision | null {
  const { state, resumable } = serviceState.service.rollout;
  const change = blockerByChange(serviceState);
  if (change !== null) return change;
  if (state !== 'paused' && state !== 'rollback-paused') return null;
  if (!resumable) return blocked(serviceState, 'UPDATE_PAUSED');
  return isStable(serviceState) ? null : wait(serviceState, 'UPDATE_PAUSED_UNSTABLE');
}

/**
 * Why no task may be started with the desired values of these bindings: one value made tasks of another service fail.
 * `null` if there is no such value, or an operator requested it.
 */
export function blockerByFailure(serviceState: ServiceState, bindings: readonly BindingState[]): Decision | null {
  const { entry, failedIn } = serviceState;
  for (const { binding, desired } of bindings) {
    if (
      desired === undefined ||
      entry.requested.includes(binding.key) ||
      quarantineOf(entry, binding.key) !== undefined
    )
      continue;
    const service = failedIn(binding.key, desired);
    if (service === undefined) continue;
    return blocked(serviceState, 'VALUE_FAILED_ELSEWHERE', { secret: binding.secret.name, service });
  }
  return null;
}

/** Whether a last good value that tasks must be given is no longer available: no task of the service would start. */
function isRollbackValueLost({ entry, bindings, lastGood }: ServiceState): boolean {
  const isUsed = (key: string) => bindings.some(({ binding }) => binding.key === key);
  return entry.quarantines.some((set) =>
    Object.entries(set.lastGood).some(([key, value]) => isUsed(key) && lastGood(key, value) === 'unavailable'),
  );
}
