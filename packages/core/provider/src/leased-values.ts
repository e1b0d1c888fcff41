import type { SecretRef } from './secret-ref.ts';
import type { SecretValue } from './secret-value.ts';

/** A task's request for a secret whose ref is leased. */
export interface LeasedRequest {
  readonly ref: SecretRef;
  readonly serviceId: string | undefined;
  readonly serviceName: string | undefined;
  readonly taskId: string | undefined;
  /** The deadline of the answer, in monotonic milliseconds. */
  readonly untilMs: number;
}

/** `already-delivered`: the task runs with what it was given, and nothing is issued for it again. */
export type LeasedAnswer =
  | {
      readonly kind: 'value';
      /** The caller owns it and wipes it. */
      readonly value: SecretValue;
      readonly revision: string;
      /** Whether it was issued for this request, or before. */
      readonly source: 'provider' | 'cache';
    }
  | { readonly kind: 'already-delivered' };

/**
 * Gives tasks the credentials that were issued for their generation. It rejects with a `ProviderError`, or with
 * `DeadlineExceeded`; the issue goes on then, and a later request gets its result.
 */
export interface LeasedValues {
  deliver(request: LeasedRequest): Promise<LeasedAnswer>;
}
