import type { IncomingMessage } from 'node:http';

/** The longest body that is read. The engine's requests have a few KiB; labels may make them longer. */
const MAX_BODY = 1_048_576;

/** A complete body, one that is too long, or one whose client disconnected. */
export type BodyOutcome =
  | { readonly kind: 'complete'; readonly bytes: Uint8Array }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'aborted' };

/**
 * Reads a body of at most {@link MAX_BODY} bytes. A body with a larger Content-Length is not read at all; reading
 * stops at the limit. The server enforces the timeout.
 *
 * @param broken aborted when no more of it will arrive.
 */
export async function readBody(request: IncomingMessage, broken: AbortSignal): Promise<BodyOutcome> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) return { kind: 'too-long' };
  // The engine's few KiB arrive with the head, and are parsed in the same turn of the event loop.
  if (!request.complete) await new Promise(setImmediate);
  if (request.complete) return receivedBody(request);
  if (request.destroyed) return { kind: 'aborted' };
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const onData = (chunk: Uint8Array) => {
      length += chunk.byteLength;
      if (length > MAX_BODY) settle({ kind: 'too-long' });
      else chunks.push(chunk);
    };
    const onEnd = () => settle({ kind: 'complete', bytes: Buffer.concat(chunks) });
    const onBroken = () => settle({ kind: 'aborted' });
    const onCut = () => {
      if (!request.complete) onBroken();
    };
    const settle = (outcome: BodyOutcome) => {
      request.off('data', onData).off('end', onEnd).off('close', onBroken);
      broken.removeEventListener('abort', onCut);
      request.pause();
      resolve(outcome);
    };
    broken.addEventListener('abort', onCut);
    if (broken.aborted) onCut();
    // An error listener stays: the request may fail after we are done with it.
    request.on('data', onData).on('end', onEnd).on('close', onBroken).on('error', onBroken);
  });
}

function receivedBody(request: IncomingMessage): BodyOutcome {
  const chunks: Uint8Array[] = [];
  for (let chunk = request.read(); chunk !== null; chunk = request.read()) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return bytes.byteLength > MAX_BODY ? { kind: 'too-long' } : { kind: 'complete', bytes };
}
