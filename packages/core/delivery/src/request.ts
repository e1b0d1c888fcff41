import type { DeliveryErrorCode, Labels, SecretValue } from '@vault-swarm/provider';

/** The orchestrator's request for a secret of a task. Only `secretName` and `labels` are always present. */
export interface SecretRequest {
  readonly secretName: string;
  readonly labels: Labels;
  readonly serviceId?: string;
  readonly serviceName?: string;
  /** The stack that the service's label names. Anybody who creates a service can set it. */
  readonly stack?: string;
  readonly taskId?: string;
}

/** Either a value, which the caller owns and must wipe, or an error message that tells the operator what to do. */
export type SecretResponse =
  | { readonly kind: 'value'; readonly value: SecretValue; readonly revision: string }
  | { readonly kind: 'refused'; readonly code: DeliveryErrorCode | 'ALREADY_DELIVERED'; readonly message: string };

/** Answers the requests on the driver's socket. It always answers within the delivery deadline, and never rejects. */
export interface SecretSource {
  /**
   * @param receivedAtMs when the request started to arrive, in monotonic milliseconds (default: now). The deadline
   * counts from then.
   */
  get(request: SecretRequest, receivedAtMs?: number): Promise<SecretResponse>;
}
