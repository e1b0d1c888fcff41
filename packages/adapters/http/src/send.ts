import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { displayMessage } from '@vault-swarm/kernel';

const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * Ends the response with this body. Express's own `send` would change the content type and add an ETag. Node omits the
 * body for HEAD.
 */
export function send(response: ServerResponse, status: number, contentType: string, body: string | Buffer): void {
  response.statusCode = status;
  response.setHeader('Content-Type', contentType);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}

/** Ends the response with JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  sendJsonText(response, status, JSON.stringify(body));
}

/** Ends the response with a text that is JSON already. */
export function sendJsonText(response: ServerResponse, status: number, text: string): void {
  send(response, status, JSON_TYPE, `${text}\n`);
}

/** Ends the response with JSON, or with 304 if the client has this version already. */
export function sendTagged(request: IncomingMessage, response: ServerResponse, etag: string, body: () => string): void {
  response.setHeader('ETag', etag);
  if (hasVersion(request.headers['if-none-match'], etag)) {
    response.statusCode = 304;
    response.end();
  } else {
    send(response, 200, JSON_TYPE, body());
  }
}

/** Ends the response with a status and no body. */
export function sendEmpty(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end();
}

/** Ends the response with an HTML page. */
export function sendHtml(response: ServerResponse, status: number, page: Buffer): void {
  send(response, status, 'text/html; charset=utf-8', page);
}

/**
 * Ends the response with a problem; `detail` says what is wrong and what to do.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function sendProblem(response: ServerResponse, status: number, detail: string): void {
  const title = STATUS_CODES[status] ?? 'Error';
  const problem = { type: 'about:blank', title, status, detail: displayMessage(detail) };
  send(response, status, 'application/problem+json', `${JSON.stringify(problem)}\n`);
}

// A weak comparison, as for If-None-Match: both forms of an ETag mean the same version.
function hasVersion(wanted: string | undefined, etag: string): boolean {
  if (wanted === undefined) return false;
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '');
  return wanted.trim() === '*' || wanted.split(',').some((tag) => opaque(tag) === opaque(etag));
}
