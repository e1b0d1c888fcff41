import type { Plan, ProblemDetails, Rotate, RotateBody } from '@vault-swarm/http/api';

const READ_DEADLINE_MS = 10_000;
// The plugin itself allows 20 s for a rotation.
const ROTATE_DEADLINE_MS = 25_000;
/** The most parts of a list. */
const MAX_PARTS = 1_000;

/** The plugin rejected the request, or another program answered. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** How long the plugin requested us to wait; `null` if it did not. */
  readonly retryAfterMs: number | null;

  constructor(status: number, message: string, retryAfterMs: number | null) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A document and its ETag. */
export interface Snapshot<T> {
  readonly body: T;
  readonly etag: string | null;
}

/** A part of a list, and where the next one starts. */
type ListPart<Name extends string> = { readonly next_cursor: string | null } & {
  readonly [name in Name]: readonly unknown[];
};

/** The parameters of a plan: a body of `POST /api/v1/rotate`, or everything that is due. */
export type PlanRequest = RotateBody | { readonly due: true };

/**
 * The monitoring API with the session's cookie, below the page's own path. Each call rejects with {@link ApiError} if
 * the plugin rejects it, and with the browser's own error if it gets no response in time.
 */
export class ApiClient {
  readonly #fetch: typeof fetch;

  constructor(fetcher: typeof fetch) {
    this.#fetch = fetcher;
  }

  /** Reads a document; `null` if it still has this ETag. */
  async read<T>(path: string, etag: string | null = null): Promise<Snapshot<T> | null> {
    const headers = etag === null ? {} : { 'If-None-Match': etag };
    const response = await this.#ask(path, { headers }, READ_DEADLINE_MS);
    if (response.status === 304) return null;
    if (!response.ok) throw await refusalOf(response);
    return { body: (await response.json()) as T, etag: response.headers.get('ETag') };
  }

  /**
   * Reads a list in as many parts as needed; `null` if it still has this ETag. If the list changes meanwhile, the
   * result has no ETag, so that the next read is complete.
   */
  async readList<Name extends string, T extends ListPart<Name>>(
    name: Name,
    etag: string | null = null,
  ): Promise<Snapshot<T> | null> {
    const first = await this.read<T>(name, etag);
    if (first === null) return null;
    const entries = [...first.body[name]];
    let tag = first.etag;
    let cursor = first.body.next_cursor;
    for (let parts = 1; cursor !== null && parts < MAX_PARTS; parts++) {
      const next = await this.read<T>(`${name}?cursor=${encodeURIComponent(cursor)}`);
      if (next === null) break;
      entries.push(...next.body[name]);
      cursor = next.body.next_cursor;
      if (next.etag !== tag) tag = null;
    }
    return { body: { ...first.body, [name]: entries }, etag: tag };
  }

  /** Reads what a rotation would do, without doing it. */
  async plan(request: PlanRequest): Promise<Plan> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(request)) if (name !== 'due') query.set(name, String(value));
    const snapshot = await this.read<Plan>(`plan?${query}`);
    return snapshot === null ? { services: [] } : snapshot.body;
  }

  /** Requests a rotation and returns its outcome for each service. */
  async rotate(request: RotateBody): Promise<Rotate> {
    const response = await this.#send('rotate', 'POST', request, ROTATE_DEADLINE_MS);
    return (await response.json()) as Rotate;
  }

  /** Starts a session of this browser. */
  async signIn(token: string): Promise<void> {
    await this.#send('session', 'POST', { token }, READ_DEADLINE_MS);
  }

  /** Ends the session. */
  async signOut(): Promise<void> {
    await this.#send('session', 'DELETE', null, READ_DEADLINE_MS);
  }

  /** Opens the stream; the body continues until either side ends it. */
  async openStream(lastEventId: string | null, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const headers = { Accept: 'text/event-stream', ...(lastEventId === null ? {} : { 'Last-Event-ID': lastEventId }) };
    const response = await this.#fetch('api/v1/stream', { headers, cache: 'no-store', signal });
    if (!response.ok || response.body === null) throw await refusalOf(response);
    return response.body;
  }

  async #send(path: string, method: string, body: object | null, deadlineMs: number): Promise<Response> {
    const content =
      body === null ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
    const response = await this.#ask(path, { method, ...content }, deadlineMs);
    if (!response.ok) throw await refusalOf(response);
    return response;
  }

  #ask(path: string, init: RequestInit, deadlineMs: number): Promise<Response> {
    // We compare the ETags: the browser's cache would hide a 304 from us.
    return this.#fetch(`api/v1/${path}`, { ...init, cache: 'no-store', signal: AbortSignal.timeout(deadlineMs) });
  }
}

/** The reason of a failed call, as a sentence without its full stop. */
export function reasonOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'The plugin does not answer';
  return 'The plugin is unreachable';
}

async function refusalOf(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get('Retry-After') ?? Number.NaN);
  const problem = await detailOf(response);
  const message = problem ?? `Another program answered instead of the plugin, with status ${response.status}`;
  return new ApiError(response.status, message, Number.isFinite(retryAfter) ? retryAfter * 1000 : null);
}

async function detailOf(response: Response): Promise<string | null> {
  if (!response.headers.get('Content-Type')?.startsWith('application/problem+json')) return null;
  const { detail } = (await response.json()) as ProblemDetails;
  return detail.replace(/\.$/, '');
}
