import type { ProductEvent } from '@vault-swarm/provider';
import type { LedgerService, OpenRollout, Values } from '../ledger/ledger.ts';
import { type WaitingCode, type WaitingContext, type WaitingReason, waitingReason } from '../ports/waiting-reason.ts';
import type { ServiceState } from './service-state.ts';

/** A service update to make after the ledger was written. */
export interface RollAction {
  readonly serviceId: string;
  readonly serviceName: string;
  readonly version: number;
  readonly generation: number;
}

/** The decision about a service in this reconcile pass. */
export interface Decision {
  /** Its next ledger entry. The actual revisions of tasks are recorded elsewhere. */
  readonly entry: LedgerService;
  readonly roll: RollAction | null;
  readonly events: readonly ProductEvent[];
  /** Why a rollout that is due does not start or proceed; `null` if none is due, or one was started. */
  readonly waitingReason: WaitingReason | null;
  /** Whether it proceeds only after an action of a person, or after a longer time. */
  readonly blocked: boolean;
  /** When it proceeds by itself, in milliseconds since 1970; `null` if that is not known. */
  readonly resumesAtMs: number | null;
  /** The values that made its tasks fail and can't be quarantined yet. */
  readonly heldAgainst: Values;
}

/** No action. The rollout becomes the given one. */
export function noChange({ entry }: ServiceState, rollout: OpenRollout | null = entry.rollout): Decision {
  return {
    entry: { ...entry, rollout },
    roll: null,
    events: [],
    waitingReason: null,
    blocked: false,
    resumesAtMs: null,
    heldAgainst: {},
  };
}

/** No action yet. */
export function wait(serviceState: ServiceState, code: WaitingCode, context?: WaitingContext): Decision {
  return { ...noChange(serviceState), waitingReason: waitingReason(code, { ...context, words: serviceState.words }) };
}

/** No action until the operator, or the user of the service, acts. */
export function blocked(serviceState: ServiceState, code: WaitingCode, context?: WaitingContext): Decision {
  return { ...wait(serviceState, code, context), blocked: true };
}

/** The update of a service to a generation. */
export function rollTo({ service }: ServiceState, generation: number): RollAction {
  return { serviceId: service.id, serviceName: service.name, version: service.version, generation };
}

/** A failure is reported with the step that follows it: the rollout stays as it is while that step has to wait. */
export function afterFailure(events: readonly ProductEvent[], open: OpenRollout, decision: Decision): Decision {
  return decision.entry.rollout === open ? decision : after(events, decision);
}

/** The decision, with these events before its own. */
export function after(events: readonly ProductEvent[], decision: Decision): Decision {
  return { ...decision, events: [...events, ...decision.events] };
}
