/** A wrong clock or a slip of the operator must not silence us for longer. */
const MAX_WAIT_MS = 300_000;

/**
 * How long the header `Retry-After` asks us to wait, in milliseconds, at most 5 minutes; undefined where it says
 * nothing that can be understood. `serverTimeMs` is the server's own time as it tells it, else ours: a date is
 * compared with it.
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
