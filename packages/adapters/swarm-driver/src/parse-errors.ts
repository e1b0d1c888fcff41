import { STATUS_CODES } from 'node:http';

/** What is answered to a request that Node's parser did not take. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** A method that HTTP does not know, or that opens a tunnel, and so has no path of ours. */
export const STRANGE_METHOD: Refusal = { status: 405, message: 'a secret driver is called with POST' };

/** The refusal that an error of Node's parser stands for. */
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

/** The first lines of the answer, its body aside. */
export function headOf({ status }: Refusal, contentType: string, bodyLength: number): string {
  const allow = status === 405 ? 'Allow: POST\r\n' : '';
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${allow}Content-Type: ${contentType}\r\n` +
    `Content-Length: ${bodyLength}\r\nConnection: close\r\n\r\n`
  );
}

const NOT_HTTP: Refusal = { status: 400, message: 'this is not HTTP/1.1' };

/** Whether the method at which the parser stopped is the start of what came, and of a request like any other. */
function isRequest(error: Error): boolean {
  if (!('rawPacket' in error && error.rawPacket instanceof Uint8Array && 'bytesParsed' in error)) return false;
  const [, method] = /^([\w-]+) \S+ HTTP\/1\.[01]\r?\n/.exec(Buffer.from(error.rawPacket).toString('latin1')) ?? [];
  return method !== undefined && Number(error.bytesParsed) <= method.length;
}
