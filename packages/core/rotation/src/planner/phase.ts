import { changedValues, type OpenRollout } from '../ledger/ledger.ts';
import { isHalted, type ServiceState, secretNames, wasApplied } from './service-state.ts';

/** The phase of a service's rollout. The planner decides by it: see `planRollout`. */
export type Phase =
  /** The ledger has no rollout. */
  | { readonly kind: 'none' }
  /** The labels of a secret that it changes are invalid now. */
  | { readonly kind: 'unresolved' }
  /** The service no longer uses any secret of it. */
  | { readonly kind: 'unused' }
  /** It was counted as failed, and waits for a newer value or a request. */
  | { readonly kind: 'failed'; readonly open: OpenRollout }
  /** The orchestrator rejected its update, for this reason. */
  | { readonly kind: 'rejected'; readonly open: OpenRollout; readonly reason: string }
  /** The ledger has it, but its update was not made. */
  | { readonly kind: 'intended'; readonly open: OpenRollout }
  /** The orchestrator paused its update, or rolled it back. */
  | { readonly kind: 'halted'; readonly open: OpenRollout }
  /** Its update was made, and was not halted. */
  | { readonly kind: 'applied'; readonly open: OpenRollout };

/** The phase of a service's rollout. The first matching one counts, in the order of the checks below. */
export function phaseOf(serviceState: ServiceState): Phase {
  const { service, entry, rejection, unread } = serviceState;
  const open = entry.rollout;
  if (open === null) return { kind: 'none' };
  const changing = changedValues(open);
  if (unread.some((key) => key in changing)) return { kind: 'unresolved' };
  if (secretNames(serviceState, changing).length === 0) return { kind: 'unused' };
  if (open.state === 'failed') return { kind: 'failed', open };
  if (rejection !== undefined && rejection !== open.failure) return { kind: 'rejected', open, reason: rejection };
  if (!wasApplied(serviceState, open)) return { kind: 'intended', open };
  return { kind: isHalted(service) ? 'halted' : 'applied', open };
}
