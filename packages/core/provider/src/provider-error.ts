import { displayMessage } from '@vault-swarm/kernel';

/**
 * Why a provider gave no value.
 *
 * | code | meaning | retryable |
 * | --- | --- | --- |
 * | `NOT_FOUND` | there is no such secret, version or field | no |
 * | `ACCESS_DENIED` | our identity may not read it | no |
 * | `UNAUTHENTICATED` | our own login is refused, or our token is dead | yes |
 * | `UNAVAILABLE` | not reached, timed out, sealed, or broken on its side | yes |
 * | `RATE_LIMITED` | it asks us to slow down | yes |
 * | `INVALID_REF` | the labels do not name a value | no |
 * | `INVALID_PAYLOAD` | there is something, but it can't be delivered | no |
 *
 * A "no" needs proof: an error that is not {@link ProviderError.isProven | proven} is retryable whatever its code.
 */
export type ProviderErrorCode =
  | 'NOT_FOUND'
  | 'ACCESS_DENIED'
  | 'UNAUTHENTICATED'
  | 'UNAVAILABLE'
  | 'RATE_LIMITED'
  | 'INVALID_REF'
  | 'INVALID_PAYLOAD';

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

const OUTAGES: ReadonlySet<ProviderErrorCode> = new Set(['UNAUTHENTICATED', 'UNAVAILABLE', 'RATE_LIMITED']);

/**
 * What every port of a provider rejects with. Callers match on `code`, never on the message. The message is one
 * sentence for the operator which says what to change; it never holds a value, a token, or a provider's answer. It is cut as
 * {@link displayMessage}; each name in it should be cut before, by `displayText`.
 */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly code: ProviderErrorCode;
  /** How long the provider asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /**
   * False: the provider refused in a way that does not prove the code, such as an unknown status. The code is then the best
   * guess for the operator, and a value that was read before may still be good.
   */
  readonly isProven: boolean;

  constructor(
    code: ProviderErrorCode,
    message: string,
    options: { readonly retryAfterMs?: number; readonly isProven?: boolean; readonly cause?: unknown } = {},
  ) {
    super(displayMessage(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.isProven = options.isProven ?? true;
  }

  /** Whether the same request may succeed later without anybody changing labels, policy or secret. */
  get retryable(): boolean {
    return this.isOutage || !this.isProven;
  }

  /** Whether the provider as a whole does not serve us now, so that requests for other secrets will probably fail too. */
  get isOutage(): boolean {
    return OUTAGES.has(this.code);
  }

  /** The error itself where it is one already, else `UNAVAILABLE` with `message` and the error as its cause. */
  static from(error: unknown, message: string): ProviderError {
    return error instanceof ProviderError ? error : new ProviderError('UNAVAILABLE', message, { cause: error });
  }
}
