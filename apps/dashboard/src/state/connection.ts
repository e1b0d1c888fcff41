import { type ReadonlySignal, signal } from '@preact/signals';
import { type ApiClient, ApiError, reasonOf } from '../api/client.ts';
import { readStream, type StreamMessage } from '../api/stream.ts';
import { backoffMs } from './backoff.ts';

// The plugin sends something at least every 10 s.
const SILENCE_MS = 25_000;

/** The state of the page's connection. Times are of {@link ConnectionParts.now}. */
export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** The plugin answers, but has as many streams open as it takes: what is shown is asked for now and then. */
  | { readonly kind: 'crowded' }
  | { readonly kind: 'lost'; readonly reason: string; readonly retryAtMs: number }
  | { readonly kind: 'retrying'; readonly reason: string }
  | { readonly kind: 'signed-out' };

/** Whether the plugin is connected. */
export function isConnected({ kind }: ConnectionState): boolean {
  return kind === 'live' || kind === 'crowded';
}

/** The dependencies of a {@link Connection}. */
export interface ConnectionParts {
  readonly api: Pick<ApiClient, 'openStream'>;
  readonly onMessage: (message: StreamMessage) => void;
  /** Called each time that the stream was opened, or the plugin rejected it because it has too many. */
  readonly onOpen: () => void;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  readonly random: () => number;
}

/** Keeps the stream open: reports why it ended, and opens it again after a backoff, or at once on request. */
export class Connection {
  readonly #parts: ConnectionParts;
  readonly #state = signal<ConnectionState>({ kind: 'connecting' });
  #lastEventId: string | null = null;
  #failures = 0;
  #stopped = false;
  #stream: AbortController | null = null;
  #wake: () => void = () => {};

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  get state(): ReadonlySignal<ConnectionState> {
    return this.#state;
  }

  /** Connects, and again after each end, until {@link stop}. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      const failure = await this.#connect();
      if (this.#stopped) return;
      await this.#pause(failure);
    }
  }

  /** Ends a backoff: the network is back, or the user requested it or signed in. */
  retryNow(): void {
    this.#wake();
  }

  /** The session ended: makes no attempt until {@link retryNow}. */
  signedOut(): void {
    this.#state.value = { kind: 'signed-out' };
    this.#stream?.abort();
  }

  /** Ends the stream and the attempts. */
  stop(): void {
    this.#stopped = true;
    this.#stream?.abort();
    this.#wake();
  }

  async #connect(): Promise<unknown> {
    const stream = new AbortController();
    this.#stream = stream;
    let silence = setTimeout(() => stream.abort(new DOMException('silent', 'TimeoutError')), SILENCE_MS);
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => stream.abort(new DOMException('silent', 'TimeoutError')), SILENCE_MS);
    };
    try {
      const body = await this.#parts.api.openStream(this.#lastEventId, stream.signal);
      this.#failures = 0;
      this.#state.value = { kind: 'live' };
      this.#parts.onOpen();
      await readStream(body, { onBytes: heard, onMessage: (message) => this.#pass(message) });
      return new ApiError(0, 'The plugin ended the connection', null);
    } catch (error) {
      return error;
    } finally {
      clearTimeout(silence);
    }
  }

  #pass(message: StreamMessage): void {
    if (message.kind === 'event') this.#lastEventId = String(message.event.id);
    this.#parts.onMessage(message);
  }

  async #pause(failure: unknown): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (this.#state.value.kind === 'signed-out' || (failure instanceof ApiError && failure.status === 401)) {
      this.#state.value = { kind: 'signed-out' };
      await woken;
      this.#state.value = { kind: 'connecting' };
      return;
    }
    this.#failures += 1;
    const asked = failure instanceof ApiError ? (failure.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(asked, backoffMs(this.#failures, this.#parts.random()));
    const reason = reasonOf(failure);
    if (isCrowded(failure)) {
      this.#state.value = { kind: 'crowded' };
      this.#parts.onOpen();
    } else {
      this.#state.value = { kind: 'lost', reason, retryAtMs: this.#parts.now() + waitMs };
    }
    const timer = setTimeout(this.#wake, waitMs);
    await woken;
    clearTimeout(timer);
    // The user may have signed out meanwhile.
    if (this.#state.value.kind === 'lost') this.#state.value = { kind: 'retrying', reason };
  }
}

/** The plugin's response has Retry-After; that of a proxy without a reachable plugin does not. */
function isCrowded(failure: unknown): boolean {
  return failure instanceof ApiError && failure.status === 503 && failure.retryAfterMs !== null;
}
