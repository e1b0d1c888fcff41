import type { LosslessJson } from '@vault-swarm/provider';

/** One request. The path is below the configured address. */
export interface HttpCall {
  readonly operation: 'read' | 'probe';
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  /** The ref for messages. */
  readonly subject: string;
  readonly ifNoneMatch?: string;
  readonly signal: AbortSignal;
}

/** A response: 200 or 304 if `HttpClient.request` returned it. */
export interface HttpResponse {
  readonly status: number;
  /** Empty without a body. */
  readonly bytes: Uint8Array;
  /** The JSON in it, with unchanged numbers; `undefined` if it is not JSON. */
  readonly json: LosslessJson | undefined;
  readonly etag: string | undefined;
  /** The host to which it redirects. */
  readonly redirect: string | undefined;
  readonly retryAfterMs: number | undefined;
}
