import { ProviderError, type ProviderErrorCode } from '@vault-swarm/provider';
import { codeOf, isProvenError } from '../aws-error.ts';

/** Errors of KMS by name, with the code and what the operator can do. Other names have the codes of all of AWS. */
const ERRORS: Readonly<Record<string, readonly [ProviderErrorCode, string]>> = {
  InvalidCiphertextException: [
    'INVALID_PAYLOAD',
    'AWS KMS can not decrypt it; check that it is a ciphertext of this key and region, and kms_encryption_context',
  ],
  IncorrectKeyException: ['INVALID_PAYLOAD', 'AWS KMS can not decrypt it with this key'],
  NotFoundException: ['ACCESS_DENIED', 'its key does not exist in this region; check AWS_REGION'],
  DisabledException: ['ACCESS_DENIED', 'its key is disabled; enable it'],
  KMSInvalidStateException: ['ACCESS_DENIED', 'its key is pending deletion, or is not usable now; see its page in AWS'],
  InvalidKeyUsageException: ['INVALID_PAYLOAD', 'its key is not for encryption'],
  InvalidGrantTokenException: ['ACCESS_DENIED', 'AWS KMS rejects the grant'],
  AccessDeniedException: [
    'ACCESS_DENIED',
    'the identity has no permission; allow kms:Decrypt on the key, for its encryption context too',
  ],
};

/** What to do by the code. */
const ADVICE: Readonly<Partial<Record<ProviderErrorCode, string>>> = {
  ACCESS_DENIED: 'the identity has no permission; allow kms:Decrypt on the key',
  UNAUTHENTICATED: 'AWS rejects the credentials, or there are none; set the AWS_ variables',
  INVALID_REF: 'no region is known; set AWS_REGION',
  INVALID_PAYLOAD: 'the response is larger than any of AWS KMS; check AWS_ENDPOINT_URL_KMS',
};

/**
 * The error for an SDK error of a decryption. It contains nothing of AWS's response.
 *
 * A limit of the rate is one of KMS: it says nothing of the provider of the value, so it is `UNAVAILABLE`.
 */
export function kmsErrorFor(error: unknown, displayName: string): ProviderError {
  const name = nameOf(error);
  const known = Object.hasOwn(ERRORS, name) ? ERRORS[name] : undefined;
  const [code, advice] = known ?? fallback(error);
  const named = name === '' ? '' : ` (${name})`;
  const isProven = known !== undefined || isProvenError(error);
  return new ProviderError(code, `${displayName}: ${advice}${named}`, { isProven });
}

function fallback(error: unknown): readonly [ProviderErrorCode, string] {
  const code = codeOf(error);
  if (code === 'RATE_LIMITED') return ['UNAVAILABLE', 'AWS KMS throttles the calls of the account; raise its quota'];
  const advice = ADVICE[code];
  return advice === undefined ? ['UNAVAILABLE', 'AWS KMS is unreachable or fails'] : [code, advice];
}

function nameOf(error: unknown): string {
  const { name } = (typeof error === 'object' && error !== null ? error : {}) as { readonly name?: unknown };
  return typeof name === 'string' && /^[A-Za-z]{1,64}$/.test(name) && name !== 'Error' ? name : '';
}
