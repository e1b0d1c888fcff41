import type { IncomingHttpHeaders } from 'node:http';
import type { HookRejection } from '../monitoring-events.ts';

/** A request to a hook, with all that its signature may cover. */
export interface HookRequest {
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

/** What a kind of hook found out about a request. */
export type HookVerdict =
  /** `messageId` is the same if the request is sent again; `null` if the kind can't tell. */
  | { readonly kind: 'authentic'; readonly messageId: string | null }
  /** The sender asks whether this is the right address, and expects this JSON. Nothing has changed. */
  | { readonly kind: 'handshake'; readonly answer: object }
  | { readonly kind: 'rejected'; readonly reason: HookRejection };

/** Verifies a request with the hook's secret. `nowMs` is the time in milliseconds since 1970. */
export type VerifyHook = (request: HookRequest, secret: string, nowMs: number) => HookVerdict;

/** A rejection. */
export function rejected(reason: HookRejection): HookVerdict {
  return { kind: 'rejected', reason };
}

/** A request that is authentic. */
export function authentic(messageId: string | null): HookVerdict {
  return { kind: 'authentic', messageId };
}
