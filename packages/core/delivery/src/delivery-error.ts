import { DeadlineExceeded, displayMessage } from '@vault-swarm/kernel';
import {
  AccessRefused,
  type DeliveryErrorCode,
  describeRef,
  ProviderError,
  type ProviderErrorCode,
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

/** Codes that mean that the ref may be wrong. */
const OF_THE_PLACE: ReadonlySet<ProviderErrorCode> = new Set(['NOT_FOUND', 'ACCESS_DENIED', 'INVALID_REF']);

/**
 * A request does not contain the driver options. Without this hint, an operator who set the path there sees only that
 * another path was read.
 */
const NO_PATH_LABEL = 'no label of the secret gives its path (an option of the driver does not count)';

/**
 * Explains to the operator why no value is delivered.
 *
 * @param isPerService whether the path contains the service's name, because no label gives a path.
 */
export function explainDeliveryError(
  error: unknown,
  { ref, isPerService = false }: { readonly ref?: SecretRef; readonly isPerService?: boolean },
  deadlineMs: number,
): { readonly code: DeliveryErrorCode; readonly message: string } {
  if (error instanceof AccessRefused) return { code: 'POLICY_DENIED', message: error.message };
  if (error instanceof ProviderError) {
    const { code, message } = error;
    const isExplained = isPerService && OF_THE_PLACE.has(code);
    return { code, message: isExplained ? displayMessage(`${message}; ${NO_PATH_LABEL}`) : message };
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
