import { displayMessage } from '@vault-swarm/kernel';

/**
 * Why a provider returned no value.
 *
 * | code | meaning | retryable |
 * | --- | --- | --- |
 * | `NOT_FOUND` | there is no such secret, version or field | no |
 * | `ACCESS_DENIED` | the plugin's identity may not read it | no |
 * | `UNAUTHENTICATED` | the plugin's login is refused, or its token is no longer valid | yes |
 * | `UNAVAILABLE` | not reached, timed out, sealed, or an error on the provider's side | yes |
 * | `RATE_LIMITED` | the provider asks the plugin to slow down | yes |
 * | `INVALID_REF` | the labels do not name a value | no |
 * | `INVALID_PAYLOAD` | there is something, but it can't be delivered | no |
 *
 * A "no" needs proof: an error that is not {@link ProviderError.isProven | proven} is retryable with any code.
 */
export type ProviderErrorCode =
  | 'NOT_FOUND'
  | 'ACCESS_DENIED'
  | 'UNAUTHENTICATED'
  | 'UNAVAILABLE'
  | 'RATE_LIMITED'
  | 'INVALID_REF'
  | 'INVALID_PAYLOAD';

/**
 * Why a request for a secret got no value: the provider's reason; `DEADLINE`: it did not answer in time;
 * `POLICY_DENIED`: the access policy denies the service the secret, so the provider was not asked.
 */
export type DeliveryErrorCode = ProviderErrorCode | 'DEADLINE' | 'POLICY_DENIED';

/** Every code, in the order of the table above. */
export const providerErrorCodes: readonly ProviderErrorCode[] = [
  'NOT_FOUND',
  'ACCESS_DENIED',
  'UNAUTHENTICATED',
  'UNAVAILABLE',
  'RATE_LIMITED',
  'INVALID_REF',
  'INVALID_PAYLOAD',
];

const OUTAGES: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'UNAVAILABLE', 'RATE_LIMITED']);

/** Whether an error with this code means that the provider as a whole does not serve the plugin now. */
export function isOutageCode(code: string): boolean {
  return OUTAGES.has(code);
}

/**
 * Every port of a provider rejects with this error. Callers match on `code`, never on the message.
 *
 * The message is one sentence that tells the operator what to change. It never contains a value, a token, or a
 * provider's answer. It is limited as {@link displayMessage}. Limit each name in it first, with `displayText`.
 */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly code: ProviderErrorCode;
  /** How long the provider asked the plugin to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /**
   * False if the provider's refusal does not prove the code, for example an unknown status. Then the code is only the
   * best guess for the operator, and a value that was read before may still be good.
   */
  readonly isProven: boolean;
  /** The revision that was read, if the secret exists and has no such field. */
  readonly revision: string | undefined;

  constructor(
    code: ProviderErrorCode,
    message: string,
    options: {
      readonly retryAfterMs?: number;
      readonly isProven?: boolean;
      readonly revision?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(displayMessage(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.isProven = options.isProven ?? true;
    this.revision = options.revision;
  }

  /** Whether the same request may succeed later without a change of labels, policy or secret. */
  get retryable(): boolean {
    return this.isOutage || !this.isProven;
  }

  /** Whether the provider as a whole does not serve the plugin now. Requests for other secrets will probably fail too. */
  get isOutage(): boolean {
    return isOutageCode(this.code);
  }

  /** Returns a `ProviderError` unchanged. Other errors become the cause of a new `UNAVAILABLE` error with `message`. */
  static from(error: unknown, message: string): ProviderError {
    return error instanceof ProviderError ? error : new ProviderError('UNAVAILABLE', message, { cause: error });
  }
}
