import { type ReadonlySignal, signal } from '@preact/signals';
import { reasonOf, type Snapshot } from '../api/client.ts';

/** Reads a document; `null` if it still has this ETag. */
type Read<T> = (etag: string | null) => Promise<Snapshot<T> | null>;

/** A document of the API: read again on request, and replaced only if it changed. */
export class LiveDocument<T> {
  readonly #read: Read<T>;
  readonly #onError: (error: unknown) => void;
  readonly #body = signal<T | null>(null);
  readonly #failure = signal<string | null>(null);
  #etag: string | null = null;
  #inFlight: Promise<void> | null = null;
  #again = false;

  /** @param onError also receives the error that {@link failure} describes */
  constructor(read: Read<T>, onError: (error: unknown) => void) {
    this.#read = read;
    this.#onError = onError;
  }

  /** `null` before the first response. */
  get body(): ReadonlySignal<T | null> {
    return this.#body;
  }

  /** Why the latest read failed, as a sentence; `null` if it succeeded. */
  get failure(): ReadonlySignal<string | null> {
    return this.#failure;
  }

  /** Whether the page has the document with this ETag. */
  has(etag: string): boolean {
    return this.#etag === etag;
  }

  /**
   * Reads it again; never rejects. During a read, one further read is queued, because the current response may be
   * older than the reason for reading.
   */
  refresh(): Promise<void> {
    if (this.#inFlight !== null) {
      this.#again = true;
      return this.#inFlight;
    }
    this.#inFlight = this.#ask().finally(() => {
      this.#inFlight = null;
    });
    return this.#inFlight;
  }

  async #ask(): Promise<void> {
    do {
      this.#again = false;
      try {
        const snapshot = await this.#read(this.#etag);
        this.#failure.value = null;
        if (snapshot === null) continue;
        this.#etag = snapshot.etag;
        this.#body.value = snapshot.body;
      } catch (error) {
        this.#failure.value = reasonOf(error);
        this.#onError(error);
        return;
      }
    } while (this.#again);
  }
}
