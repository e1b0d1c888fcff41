import { request } from 'node:http';

/** An HTTP response. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** Sends one request over a new connection to a unix socket, with exactly the given headers. */
export function unixRequest(
  socketPath: string,
  method: string,
  path: string,
  {
    body,
    headers = {},
    timeoutMs = 20_000,
  }: { readonly body?: string; readonly headers?: Record<string, string>; readonly timeoutMs?: number } = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method, path, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    call.setTimeout(timeoutMs, () => call.destroy(new Error(`${method} ${path}: no answer in ${timeoutMs / 1000} s`)));
    call.once('error', reject);
    call.end(body);
  });
}

/**
 * Sends a request to a secret driver as the engine does: `POST path`, the body as JSON, no Content-Type, an empty Host.
 * A string is sent as it is.
 */
export function driverRequest(socketPath: string, path: string, body: unknown = {}): Promise<HttpAnswer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return unixRequest(socketPath, 'POST', path, {
    body: text,
    headers: { Host: '', 'Content-Length': String(Buffer.byteLength(text)) },
  });
}
