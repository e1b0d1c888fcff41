import { type ReadonlySignal, signal } from '@preact/signals';
import { reasonOf, type Snapshot } from '../api/client.ts';

/** Reads a document; `null` where it is still the one with this tag. */
type Read<T> = (etag: string | null) => Promise<Snapshot<T> | null>;

/** A document of the API as the page has it: asked for again when told to, and only taken over where it has changed. */
export class LiveDocument<T> {
  readonly #read: Read<T>;
  readonly #onError: (error: unknown) => void;
  readonly #body = signal<T | null>(null);
  readonly #failure = signal<string | null>(null);
  #etag: string | null = null;
  #inFlight: Promise<void> | null = null;
  #again = false;

  /** @param onError also gets what {@link failure} says in words */
  constructor(read: Read<T>, onError: (error: unknown) => void) {
    this.#read = read;
    this.#onError = onError;
  }

  /** `null` before the first answer. */
  get body(): ReadonlySignal<T | null> {
    return this.#body;
  }

  /** Why the latest question was not answered, as a sentence; `null` where it was. */
  get failure(): ReadonlySignal<string | null> {
    return this.#failure;
  }

  /** Whether the page has the document with this tag. */
  has(etag: string): boolean {
    return this.#etag === etag;
  }

  /**
   * Asks for it; never rejects. While an answer is awaited, one further question is kept for afterwards, since the answer
   * may be older than the reason to ask.
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
