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

const RETRYABLE: ReadonlySet<ProviderErrorCode> = new Set(['UNAUTHENTICATED', 'UNAVAILABLE', 'RATE_LIMITED']);

/**
 * What every port of a provider rejects with. Callers match on `code`, never on the message. The message is one
 * sentence for the operator which says what to change; it never holds a value, a token, or a provider's answer.
 */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly code: ProviderErrorCode;
  /** How long the provider asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ProviderErrorCode, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Whether the same request may succeed later without anybody changing labels, policy or secret. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }

  /** The error itself where it is one already, else `UNAVAILABLE` with `message` and the error as its cause. */
  static from(error: unknown, message: string): ProviderError {
    return error instanceof ProviderError ? error : new ProviderError('UNAVAILABLE', message, { cause: error });
  }
}
