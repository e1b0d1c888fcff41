import { displayMessage } from '@vault-swarm/kernel';
import type { CallOptions } from '@vault-swarm/provider';
import type { WaitingReason } from './waiting-reason.ts';

/**
 * An operator's request: to roll all services of a secret, one service, or all services with quarantined values. With
 * `force`, services whose tasks have the newest values already are restarted too.
 */
export type RotateRequest =
  | { readonly kind: 'secret'; readonly name: string; readonly force?: boolean }
  | { readonly kind: 'service'; readonly name: string; readonly force?: boolean }
  | { readonly kind: 'quarantined' };

/** The effect of a request on one service. */
export interface RequestedService {
  readonly name: string;
  /** Names of the secrets that the request concerns. */
  readonly secrets: readonly string[];
  /**
   * `scheduled`: it rolls as soon as a place is free. `pending`: a provider does not answer now; the service rolls when the
   * newest value is known and differs. `up-to-date`: its tasks have the newest values already. `not-applicable`: it is a
   * job, or the labels exclude all these secrets from rotation. `restarted`: its tasks have the newest values already,
   * and are replaced because the request says `force`.
   */
  readonly outcome: 'scheduled' | 'pending' | 'up-to-date' | 'not-applicable' | 'restarted';
  /** The newest values that made tasks fail before, and that the request brings again; missing if there are none. */
  readonly failedBefore?: FailedBefore;
}

/** Values that made tasks fail before. */
export interface FailedBefore {
  /** Names of the secrets. */
  readonly secrets: readonly string[];
  /** The service whose tasks failed. */
  readonly service: string;
  /** When they were quarantined, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** Why the tasks failed, in the orchestrator's own words. */
  readonly reason: string;
}

/** What a preview shows: the effect of a manual request, or the rollouts that are due without one. */
export type PreviewRequest = RotateRequest | { readonly kind: 'due' };

/** The expected effect on one service. */
export interface PlannedService extends RequestedService {
  /** How many tasks would be replaced; for a rollout in progress, the remaining ones. */
  readonly tasks: number;
  /** Why it would not roll at once; `null` if it would, or if there is nothing to do. */
  readonly waitingReason: WaitingReason | null;
}

/**
 * Why a request was rejected.
 *
 * | code | meaning |
 * | --- | --- |
 * | `UNKNOWN` | there is no such secret of ours, or no such service that uses one |
 * | `DISABLED` | the rotation is turned off |
 * | `TOO_MANY_SERVICES` | more services than allowed would be restarted for one request; the message says what to change |
 * | `UNAVAILABLE` | the orchestrator did not answer, or did not accept the request; the same request may succeed later |
 */
export type RotationRejection = 'UNKNOWN' | 'DISABLED' | 'TOO_MANY_SERVICES' | 'UNAVAILABLE';

/** A manual request that was rejected. The message is one sentence for the operator. */
export class RotationRejected extends Error {
  override readonly name = 'RotationRejected';
  readonly code: RotationRejection;

  constructor(code: RotationRejection, message: string, options: { cause?: unknown } = {}) {
    super(displayMessage(message), options);
    this.code = code;
  }
}

/** Accepts manual requests. */
export interface ManualRotation {
  /**
   * Records the request in the ledger; the plugin of any manager can do so. The leader carries it out, also after a
   * crash. Quarantined values are tried again. Resolves once the request is recorded.
   * @throws {RotationRejected}
   */
  rotate(request: RotateRequest, options: CallOptions): Promise<readonly RequestedService[]>;

  /**
   * What {@link rotate} would do now, or what the rotation does without a request. Does not record a request. It asks
   * the orchestrator and polls the providers as a request does. A change that the poll finds is rolled out as usual.
   * @throws {RotationRejected}
   */
  preview(request: PreviewRequest, options: CallOptions): Promise<readonly PlannedService[]>;
}
