import { ProviderError, type ProviderErrorCode } from '@vault-swarm/provider';

/** What is read of an error of the SDK. Its message is AWS's answer, and is checked, but never shown. */
interface AwsFailure {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
}

/** How long we leave AWS alone after it has refused repeatedly for asking too often. */
const SLOW_DOWN_MS = 1_000;

/** By the error's name, which is the same whatever the HTTP status is. */
const CODES: Readonly<Record<string, ProviderErrorCode>> = {
  ResourceNotFoundException: 'NOT_FOUND',
  // For a read: marked for deletion, in nearly every case.
  InvalidRequestException: 'NOT_FOUND',
  AccessDeniedException: 'ACCESS_DENIED',
  AccessDenied: 'ACCESS_DENIED',
  UnauthorizedOperation: 'ACCESS_DENIED',
  DecryptionFailure: 'ACCESS_DENIED',
  DecryptionFailureException: 'ACCESS_DENIED',
  ExpiredToken: 'UNAUTHENTICATED',
  ExpiredTokenException: 'UNAUTHENTICATED',
  RequestExpired: 'UNAUTHENTICATED',
  UnrecognizedClientException: 'UNAUTHENTICATED',
  InvalidClientTokenId: 'UNAUTHENTICATED',
  InvalidSignatureException: 'UNAUTHENTICATED',
  SignatureDoesNotMatch: 'UNAUTHENTICATED',
  IncompleteSignature: 'UNAUTHENTICATED',
  IncompleteSignatureException: 'UNAUTHENTICATED',
  MissingAuthenticationToken: 'UNAUTHENTICATED',
  MissingAuthenticationTokenException: 'UNAUTHENTICATED',
  NotAuthorized: 'UNAUTHENTICATED',
  OptInRequired: 'UNAUTHENTICATED',
  InvalidIdentityToken: 'UNAUTHENTICATED',
  InvalidIdentityTokenException: 'UNAUTHENTICATED',
  IDPRejectedClaim: 'UNAUTHENTICATED',
  CredentialsProviderError: 'UNAUTHENTICATED',
  TokenProviderError: 'UNAUTHENTICATED',
  ThrottlingException: 'RATE_LIMITED',
  Throttling: 'RATE_LIMITED',
  ThrottledException: 'RATE_LIMITED',
  RequestThrottled: 'RATE_LIMITED',
  RequestThrottledException: 'RATE_LIMITED',
  RequestLimitExceeded: 'RATE_LIMITED',
  TooManyRequestsException: 'RATE_LIMITED',
  LimitExceededException: 'RATE_LIMITED',
  SlowDown: 'RATE_LIMITED',
  InvalidParameterException: 'INVALID_REF',
  ValidationException: 'INVALID_REF',
  TooManyBytes: 'INVALID_PAYLOAD',
  TooMuchJson: 'INVALID_PAYLOAD',
};

/**
 * AWS's own words. They have spaces, which no name and no ARN has: so nobody's role, secret or key is taken for them.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
const NO_SUCH_VERSION = "Secrets Manager can't find the specified secret value for ";
const NO_ACCESS_TO_KMS = 'Access to KMS is not allowed';
const DENIED_ACTION = /^User: (?:\S+ )?is not authorized to perform: ([a-z0-9-]{1,64}:[A-Za-z]{1,64}) /;
const EXPLICIT_DENY = ' with an explicit deny in ';
const DECRYPTION_FAILURES = { DecryptionFailure: true, DecryptionFailureException: true } as const;

/** The code for what the SDK rejects with, or for an error that AWS names in a batch. */
export function codeOf(error: unknown): ProviderErrorCode {
  const { name, message, status } = vaultErrorOf(error);
  const known = Object.hasOwn(CODES, name) ? CODES[name] : undefined;
  if (known !== undefined) return known;
  if (status === 429) return 'RATE_LIMITED';
  // Something between us and AWS, such as a VPC endpoint, may refuse in words that the SDK can't read.
  if (status === 403) return 'ACCESS_DENIED';
  if (isRegionMissing(message)) return 'INVALID_REF';
  return 'UNAVAILABLE';
}

/** What was asked for, to say in an error what to change. */
export interface Asked {
  /** The secret or the provider, as messages name it. */
  readonly displayName: string;
  /** The action that IAM knows: `GetSecretValue`. */
  readonly action: string;
}

/** The error for what the SDK rejects with, or for an error that AWS names in a batch. Has nothing of AWS's answer in it. */
export function providerErrorFor(error: unknown, { displayName, action }: Asked): ProviderError {
  const failure = vaultErrorOf(error);
  const code = codeOf(error);
  const named = /^[A-Za-z]{1,64}$/.test(failure.name) && failure.name !== 'Error' ? ` (${failure.name})` : '';
  return new ProviderError(code, `${displayName}: ${advice(code, failure, action)}${named}`, {
    isProven: isProven(failure),
    ...(code === 'RATE_LIMITED' ? { retryAfterMs: SLOW_DOWN_MS } : {}),
  });
}

/**
 * Whether AWS's error says by its name alone what its code says. A status of something between AWS and us proves nothing, and
 * a request that is invalid "for the current state" proves that the secret is gone only in AWS's words for that.
 */
function isProven({ name, message }: AwsFailure): boolean {
  if (name === 'InvalidRequestException') return isDeleted(message);
  // What is larger than any answer of AWS, or has more values, is not AWS's.
  if (name === 'TooManyBytes' || name === 'TooMuchJson') return false;
  return Object.hasOwn(CODES, name) || isRegionMissing(message);
}

function isDeleted(message: string): boolean {
  return message.endsWith('because it was marked for deletion.') || message.endsWith('because it was deleted.');
}

function advice(code: ProviderErrorCode, { name, message }: AwsFailure, action: string): string {
  switch (code) {
    case 'NOT_FOUND':
      if (isDeleted(message)) return 'it is marked for deletion; restore it, or name another secret';
      if (name === 'InvalidRequestException') return 'AWS does not read it in its present state; see its page in AWS';
      if (message.startsWith(NO_SUCH_VERSION)) return 'there is no such version, or it has no value yet';
      return 'there is no such secret in this region; correct the name, or create it';
    case 'ACCESS_DENIED':
      return denial(name, message, action);
    case 'UNAUTHENTICATED':
      return name === 'CredentialsProviderError' || name === 'TokenProviderError'
        ? 'we have no credentials; give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role'
        : 'our credentials are refused; renew them';
    case 'RATE_LIMITED':
      return 'AWS asks us to slow down; lengthen the interval, or set AWS_MAX_CALLS_PER_HOUR';
    case 'INVALID_REF':
      return isRegionMissing(message)
        ? 'no region is known; set AWS_REGION'
        : 'AWS does not take this name or version; correct the labels';
    case 'INVALID_PAYLOAD':
      return 'the answer is larger than any of AWS; check AWS_ENDPOINT_URL';
    default:
      return name === 'TimeoutError' ? 'AWS did not answer in time' : 'AWS is not reached, or is broken';
  }
}

/** The action is AWS's own, where it names one: reading a secret needs more than the action that was asked for. */
function denial(name: string, message: string, action: string): string {
  const denied = DENIED_ACTION.exec(message)?.[1] ?? `secretsmanager:${action}`;
  if (Object.hasOwn(DECRYPTION_FAILURES, name) || message === NO_ACCESS_TO_KMS || denied.startsWith('kms:')) {
    return "AWS does not decrypt it for us; allow kms:Decrypt on the secret's key, and see that the key is enabled";
  }
  if (message.includes(EXPLICIT_DENY)) return `a policy denies ${denied} to our identity; remove that`;
  return `our identity may not do this; allow ${denied}`;
}

function isRegionMissing(message: string): boolean {
  return message.startsWith('Region is missing');
}

function vaultErrorOf(error: unknown): AwsFailure {
  if (typeof error !== 'object' || error === null) return { name: '', message: '', status: undefined };
  const { name, message } = error as { readonly name?: unknown; readonly message?: unknown };
  return {
    name: typeof name === 'string' ? name : '',
    message: typeof message === 'string' ? message : '',
    status: statusOf(error),
  };
}

/** Where the SDK can't read the answer, it hides the status in a property that is not listed. */
function statusOf(error: object): number | undefined {
  const { $metadata, $response } = error as {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $response?: { readonly statusCode?: number };
  };
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}
