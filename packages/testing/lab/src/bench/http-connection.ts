import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** An HTTP response. */
export interface RawAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** An HTTP request. The headers are sent unchanged, with Content-Length added. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** No complete response arrived before the timeout. */
export class NoResponse extends Error {
  override readonly name = 'NoResponse';
}

interface Waiting {
  readonly resolve: (answer: RawAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One keep-alive connection for sequential requests. It does very little, so that it measures the server: Node's own client
 * takes as long as a response from the cache.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #waiting: Waiting | undefined;
  #isOpen = true;

  /** Connects at once. A connection error rejects the first request. */
  constructor(address: NetConnectOpts) {
    this.#socket = connect(address);
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#end(error));
    this.#socket.on('close', () => this.#end(new Error('the connection was closed before the answer')));
  }

  /** Whether another request can be sent. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Sends a request. The previous one must have its response.
   * @throws {NoResponse} without a complete response within `timeoutMs`; the connection is then closed.
   */
  request({ method, path, headers, body = '' }: RawRequest, timeoutMs: number): Promise<RawAnswer> {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = `${method} ${path} HTTP/1.1\r\n${lines.join('')}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#end(new NoResponse(`${method} ${path}: no answer in ${timeoutMs / 1000} s`));
      }, timeoutMs);
      this.#waiting = {
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      if (this.#isOpen) this.#socket.write(head + body);
      else this.#end(new Error('the connection is closed'));
    });
  }

  close(): void {
    this.#end(new Error('the connection was closed'));
  }

  #end(error: Error): void {
    this.#isOpen = false;
    this.#socket.destroy();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.#received.toString('latin1', 0, end + 2);
    const body = bodyOf(head, this.#received.subarray(end + 4));
    if (body === undefined) return;
    this.#received = Buffer.alloc(0);
    if (/^connection: close\r$/im.test(head)) {
      this.#isOpen = false;
      this.#socket.destroy();
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status: Number(head.slice(9, 12)), body });
  }
}

/** The complete body; undefined if a part is still missing. */
function bodyOf(head: string, rest: Buffer): Buffer | undefined {
  if (/^transfer-encoding: chunked\r$/im.test(head)) return chunksOf(rest);
  const length = Number(/^content-length: (\d+)\r$/im.exec(head)?.[1] ?? 0);
  return rest.length < length ? undefined : rest.subarray(0, length);
}

function chunksOf(rest: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(rest.toString('latin1', at, lineEnd), 16);
    const start = lineEnd + 2;
    if (rest.length < start + size + 2) return undefined;
    if (size === 0) return Buffer.concat(parts);
    parts.push(rest.subarray(start, start + size));
    at = start + size + 2;
  }
}
