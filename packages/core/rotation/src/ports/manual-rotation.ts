import { displayMessage } from '@vault-swarm/kernel';
import type { CallOptions } from '@vault-swarm/provider';
import type { WaitingReason } from './waiting-reason.ts';

/** What an operator asks to be rolled now: all services of a secret, one service, or all whose values were quarantined. */
export type RotateRequest =
  | { readonly kind: 'secret'; readonly name: string }
  | { readonly kind: 'service'; readonly name: string }
  | { readonly kind: 'quarantined' };

/** What becomes of a request for one service. */
export interface RequestedService {
  readonly name: string;
  /** Names of the secrets that the request concerns. */
  readonly secrets: readonly string[];
  /**
   * `scheduled`: it is rolled as soon as its turn comes. `pending`: a provider does not tell its newest value now; it is rolled
   * when that is known and is another one. `up-to-date`: its tasks have the newest values already. `not-applicable`: it is a job, or
   * labels say that none of these secrets is ever rotated.
   */
  readonly outcome: 'scheduled' | 'pending' | 'up-to-date' | 'not-applicable';
}

/** What a preview is of: a manual request, or what is due now without one. */
export type PreviewRequest = RotateRequest | { readonly kind: 'due' };

/** What would become of one service. */
export interface PlannedService extends RequestedService {
  /** How many tasks would be replaced; of a rollout that is in progress, those that are still to be. */
  readonly tasks: number;
  /** Why it would not be rolled at once; `null` where it would be, or where there is nothing to do. */
  readonly waitingReason: WaitingReason | null;
}

/**
 * Why a request could not be taken.
 *
 * | code | meaning |
 * | --- | --- |
 * | `UNKNOWN` | there is no such secret of ours, or no such service that uses one |
 * | `DISABLED` | the rotation is turned off |
 * | `UNAVAILABLE` | the orchestrator did not answer, or took nothing; the same request may succeed later |
 */
export type RotationRejection = 'UNKNOWN' | 'DISABLED' | 'UNAVAILABLE';

/** A manual request that could not be taken. The message is one sentence for the operator. */
export class RotationRejected extends Error {
  override readonly name = 'RotationRejected';
  readonly code: RotationRejection;

  constructor(code: RotationRejection, message: string, options: { cause?: unknown } = {}) {
    super(displayMessage(message), options);
    this.code = code;
  }
}

/** Takes manual requests. */
export interface ManualRotation {
  /**
   * Notes in the ledger what was asked for, whichever manager's plugin is asked; the leader does it, also after a crash.
   * A set of values that failed and was quarantined is tried again. Resolves once it is recorded.
   * @throws {RotationRejected}
   */
  rotate(request: RotateRequest, options: CallOptions): Promise<readonly RequestedService[]>;

  /**
   * What {@link rotate} would do now, or what the rotation does by itself, without doing it. Asks the orchestrator and
   * checks the providers as a request does; a change that it finds there is then rolled as if it had not been asked.
   * @throws {RotationRejected}
   */
  preview(request: PreviewRequest, options: CallOptions): Promise<readonly PlannedService[]>;
}
