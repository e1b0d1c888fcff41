/** The longest accepted wait, in case of a wrong clock or setting. */
const MAX_WAIT_MS = 300_000;

/**
 * The wait that the header `Retry-After` requests, in milliseconds, at most 5 minutes; undefined if it is
 * invalid. A date is compared with `serverTimeMs`, the server's time if it reports one, else ours.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function retryAfterMs(header: string | undefined, serverTimeMs: number): number | undefined {
  const text = header?.trim() ?? '';
  const askedMs = /^\d+$/.test(text) ? Number(text) * 1000 : dateOf(text) - serverTimeMs;
  return Number.isNaN(askedMs) ? undefined : Math.min(Math.max(askedMs, 0), MAX_WAIT_MS);
}

/** The time of an HTTP date, such as `Thu, 01 Jan 2026 00:00:00 GMT`, in milliseconds since 1970; else NaN. */
export function dateOf(text: string): number {
  return /^[A-Z][a-z]+, .* GMT$/.test(text) ? Date.parse(text) : Number.NaN;
}
