import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

/** What {@link exchange} needs besides the request. */
export interface ExchangeOptions<T> {
  /** Aborts the request. */
  readonly signal: AbortSignal;
  /** Called at the start of the response. */
  readonly answered: () => void;
  /** Reads the whole body. The bytes are valid only during the call. */
  readonly parse: (bytes: Uint8Array) => T;
}

/** A response that was read to its end. */
export interface Exchanged<T> {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The result of {@link ExchangeOptions.parse}. */
  readonly body: T;
}

/**
 * Sends one request and reads its whole response. All buffers of the body are overwritten with zeros afterwards, also if
 * reading fails. undici's `request` makes a stream for each body, which takes a fifth of the CPU time of a call; this does not.
 *
 * Rejects with the connection's error, the reason of `signal`, or what `parse` throws. If it is aborted while it waits for a
 * connection, it rejects when the connection is open, or with the connection's error.
 */
export function exchange<T>(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  options: ExchangeOptions<T>,
): Promise<Exchanged<T>> {
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(request, new ResponseReader(options, resolve, reject));
  });
}

class ResponseReader<T> implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions<T>;
  readonly #resolve: (exchanged: Exchanged<T>) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #buffers: Uint8Array[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};

  constructor(
    options: ExchangeOptions<T>,
    resolve: (exchanged: Exchanged<T>) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    options.signal.addEventListener('abort', this.#abort, { once: true });
  }

  // A request that is aborted before it was sent is dropped here, when its turn comes.
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#options.signal.aborted) this.#abort();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // 1xx: the response comes later.
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    this.#options.answered();
  }

  onResponseData(_controller: Dispatcher.DispatchController, part: Buffer): void {
    this.#buffers.push(part);
  }

  onResponseEnd(): void {
    try {
      this.#resolve({ status: this.#status, headers: this.#headers, body: this.#options.parse(this.#whole()) });
    } catch (error) {
      this.#reject(error);
    } finally {
      this.#end();
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end();
    this.#reject(error);
  }

  #whole(): Uint8Array {
    const [first] = this.#buffers;
    if (first !== undefined && this.#buffers.length === 1) return first;
    const whole = Buffer.concat(this.#buffers);
    this.#buffers.push(whole);
    return whole;
  }

  #end(): void {
    this.#options.signal.removeEventListener('abort', this.#abort);
    for (const buffer of this.#buffers) buffer.fill(0);
  }

  readonly #abort = (): void => {
    this.#controller?.abort(this.#options.signal.reason);
  };
}
