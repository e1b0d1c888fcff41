import type { Labels, ProviderErrorCode, SecretValue } from '@vault-swarm/provider';

/** What the orchestrator tells when it asks for a secret on behalf of a task. Only the name is always there. */
export interface SecretRequest {
  readonly secretName: string;
  readonly labels: Labels;
  readonly serviceId?: string;
  readonly serviceName?: string;
  readonly taskId?: string;
}

/** The value, which belongs to who asked and has to be wiped, or a message for the operator which says what to do. Never both. */
export type SecretResponse =
  | { readonly kind: 'value'; readonly value: SecretValue; readonly revision: string }
  | { readonly kind: 'refused'; readonly code: ProviderErrorCode | 'DEADLINE'; readonly message: string };

/** What a driver's socket asks. Always answers within the delivery's deadline; never rejects. */
export interface SecretSource {
  /** @param receivedAtMs when it started to arrive, in monotonic milliseconds: its deadline counts from then. Now, if not given. */
  get(request: SecretRequest, receivedAtMs?: number): Promise<SecretResponse>;
}
