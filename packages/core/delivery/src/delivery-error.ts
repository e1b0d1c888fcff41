import { DeadlineExceeded } from '@vault-swarm/kernel';
import {
  AccessRefused,
  type DeliveryErrorCode,
  describeRef,
  explainDefaultPath,
  ProviderError,
  type SecretLabels,
  type SecretRef,
  type SecretRevision,
  VALUE_LIMIT_BYTES,
} from '@vault-swarm/provider';

/** @throws {ProviderError} `INVALID_PAYLOAD` if the orchestrator does not accept a value of this size. */
export function checkSize(ref: SecretRef, { value }: SecretRevision): void {
  if (value.byteLength > 0 && value.byteLength < VALUE_LIMIT_BYTES) return;
  throw new ProviderError(
    'INVALID_PAYLOAD',
    `${describeRef(ref)}: the value has ${value.byteLength} bytes; it must have 1 to ${VALUE_LIMIT_BYTES - 1}`,
  );
}

/**
 * Explains to the operator why no value is delivered.
 *
 * @param labels of the secret, as far as they were read.
 */
export function explainDeliveryError(
  error: unknown,
  { ref, defaultPathReason }: Partial<SecretLabels>,
  deadlineMs: number,
): { readonly code: DeliveryErrorCode; readonly message: string } {
  if (error instanceof AccessRefused) return { code: 'POLICY_DENIED', message: error.message };
  if (error instanceof ProviderError) {
    return { code: error.code, message: explainDefaultPath(error, defaultPathReason) };
  }
  const where = ref === undefined ? '' : `${describeRef(ref)}: `;
  if (error instanceof DeadlineExceeded) {
    return {
      code: 'DEADLINE',
      message: `${where}the provider did not answer within ${deadlineMs} ms; check that it is up and reached`,
    };
  }
  // This is not an answer of a provider but a bug in the plugin. The error's name helps to find it. Its message is left
  // out, because it may quote a value.
  const name = error instanceof Error ? error.name : 'no error';
  return { code: 'UNAVAILABLE', message: `${where}the provider could not be asked (${name})` };
}
