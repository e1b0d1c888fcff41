import { connectionFailure } from '@vault-swarm/kernel';
import { ProviderError, type ProviderErrorCode } from '@vault-swarm/provider';

/** The fields that are read of an SDK error. The message contains AWS's response: it is checked but never shown. */
interface AwsFailure {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
  /** Of the system; empty if there is none. */
  readonly systemCode: string;
}

/** How long AWS is not called after it rejected repeated calls with throttling errors. */
const SLOW_DOWN_MS = 1_000;

/** By the error's name, which does not depend on the HTTP status. */
const CODES: Readonly<Record<string, ProviderErrorCode>> = {
  ResourceNotFoundException: 'NOT_FOUND',
  // For a read, this nearly always means: marked for deletion.
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
 * AWS's own sentences. They contain spaces, which names and ARNs do not, so no role, secret or key can be mistaken for
 * them.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
const NO_SUCH_VERSION = "Secrets Manager can't find the specified secret value for ";
const NO_ACCESS_TO_KMS = 'Access to KMS is not allowed';
const DENIED_ACTION = /^User: (?:\S+ )?is not authorized to perform: ([a-z0-9-]{1,64}:[A-Za-z]{1,64}) /;
const EXPLICIT_DENY = ' with an explicit deny in ';
const DECRYPTION_FAILURES = { DecryptionFailure: true, DecryptionFailureException: true } as const;

/** The code for an error of the SDK, or for an error in a batch response. */
export function codeOf(error: unknown): ProviderErrorCode {
  const { name, message, status } = vaultErrorOf(error);
  const known = Object.hasOwn(CODES, name) ? CODES[name] : undefined;
  if (known !== undefined) return known;
  if (status === 429) return 'RATE_LIMITED';
  // A component between us and AWS, such as a VPC endpoint, may reject with a text that the SDK can't parse.
  if (status === 403) return 'ACCESS_DENIED';
  if (isRegionMissing(message)) return 'INVALID_REF';
  return 'UNAVAILABLE';
}

/** Whether the error is one of AWS by its name, and not by a status, which any component in between can send. */
export function isProvenError(error: unknown): boolean {
  return isProven(vaultErrorOf(error));
}

/** What was requested, to say in an error what to change. */
export interface Asked {
  /** The secret or the provider for messages. */
  readonly displayName: string;
  /** The IAM action, such as `GetSecretValue`. */
  readonly action: string;
}

/** The error for an SDK error, or for an error in a batch response. It contains nothing of AWS's response. */
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
 * Whether the name of AWS's error alone proves its code. A status from a component between AWS and us proves nothing.
 * An invalid request "for the current state" proves that the secret is gone only if AWS says so.
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

function advice(code: ProviderErrorCode, { name, message, systemCode }: AwsFailure, action: string): string {
  switch (code) {
    case 'NOT_FOUND':
      if (isDeleted(message)) return 'it is marked for deletion; restore it, or name another secret';
      if (name === 'InvalidRequestException') return 'AWS does not return it in its current state; see its page in AWS';
      if (message.startsWith(NO_SUCH_VERSION)) return 'there is no such version, or it has no value yet';
      return 'there is no such secret in this region; correct the name, or create it';
    case 'ACCESS_DENIED':
      return denial(name, message, action);
    case 'UNAUTHENTICATED':
      return name === 'CredentialsProviderError' || name === 'TokenProviderError'
        ? 'there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role'
        : 'AWS rejects the credentials; renew them';
    case 'RATE_LIMITED':
      return 'AWS throttles the calls; increase the poll interval, or set AWS_MAX_CALLS_PER_HOUR';
    case 'INVALID_REF':
      return isRegionMissing(message)
        ? 'no region is known; set AWS_REGION'
        : 'AWS does not accept this name or version; correct the labels';
    case 'INVALID_PAYLOAD':
      return 'the response is larger than any of AWS; check AWS_ENDPOINT_URL';
    default:
      return name === 'TimeoutError' ? 'AWS did not answer in time' : unreachable(systemCode);
  }
}

function unreachable(systemCode: string): string {
  const failure = connectionFailure(systemCode);
  if (failure === null) return 'AWS is unreachable or fails';
  const advice = {
    name: 'check AWS_REGION and AWS_ENDPOINT_URL, and the DNS of this machine or container',
    address: 'check AWS_ENDPOINT_URL, and that the endpoint runs',
    scheme: 'check whether AWS_ENDPOINT_URL starts with http:// or https://, and its port',
    certificate: 'give the authority of the endpoint or proxy as AWS_CA_BUNDLE',
    network: 'check the network of this machine or container, AWS_ENDPOINT_URL, and its proxy',
    permission: 'check the network of this machine or container',
    server: 'check the network of this machine or container, and its proxy',
  }[failure.blame];
  return `the server of AWS ${failure.reason} (${systemCode}); ${advice}`;
}

/** The action that AWS names, if any: reading a secret may need more than the requested action. */
function denial(name: string, message: string, action: string): string {
  const denied = DENIED_ACTION.exec(message)?.[1] ?? `secretsmanager:${action}`;
  if (Object.hasOwn(DECRYPTION_FAILURES, name) || message === NO_ACCESS_TO_KMS || denied.startsWith('kms:')) {
    return "AWS does not decrypt it for this identity; allow kms:Decrypt on the secret's key, and check that the key is enabled";
  }
  if (message.includes(EXPLICIT_DENY)) return `a policy denies ${denied} to the identity; remove that statement`;
  return `the identity has no permission; allow ${denied}`;
}

function isRegionMissing(message: string): boolean {
  return message.startsWith('Region is missing');
}

function vaultErrorOf(error: unknown): AwsFailure {
  if (typeof error !== 'object' || error === null) return { name: '', message: '', status: undefined, systemCode: '' };
  const { name, message } = error as { readonly name?: unknown; readonly message?: unknown };
  return {
    name: typeof name === 'string' ? name : '',
    message: typeof message === 'string' ? message : '',
    status: statusOf(error),
    systemCode: systemCodeOf(error),
  };
}

function systemCodeOf(error: object): string {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  if (typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code)) return code;
  return typeof cause === 'object' && cause !== null ? systemCodeOf(cause) : '';
}

/** If the SDK can't parse the response, it hides the status in a non-enumerable property. */
function statusOf(error: object): number | undefined {
  const { $metadata, $response } = error as {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $response?: { readonly statusCode?: number };
  };
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}
