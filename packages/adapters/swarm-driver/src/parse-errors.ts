import { STATUS_CODES } from 'node:http';

/** The response to a request that Node's parser rejected. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** A method that HTTP does not define, or CONNECT, which has no path. */
export const STRANGE_METHOD: Refusal = { status: 405, message: 'a secret driver requires POST' };

/** The response for an error of Node's parser. */
export function refusalOf(error: Error): Refusal {
  switch ('code' in error ? error.code : undefined) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, message: 'the request took too long to arrive' };
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, message: 'the head of the request is too long' };
    case 'HPE_INVALID_METHOD':
      return isRequest(error) ? STRANGE_METHOD : NOT_HTTP;
    default:
      return NOT_HTTP;
  }
}

/** The status line and headers of the response. */
export function headOf({ status }: Refusal, contentType: string, bodyLength: number): string {
  const allow = status === 405 ? 'Allow: POST\r\n' : '';
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${allow}Content-Type: ${contentType}\r\n` +
    `Content-Length: ${bodyLength}\r\nConnection: close\r\n\r\n`
  );
}

const NOT_HTTP: Refusal = { status: 400, message: 'this is not HTTP/1.1' };

/** Whether the parser stopped inside a method of a request, and not in other data. */
function isRequest(error: Error): boolean {
  if (!('rawPacket' in error && error.rawPacket instanceof Uint8Array && 'bytesParsed' in error)) return false;
  const [, method] = /^([\w-]+) \S+ HTTP\/1\.[01]\r?\n/.exec(Buffer.from(error.rawPacket).toString('latin1')) ?? [];
  return method !== undefined && Number(error.bytesParsed) <= method.length;
}
