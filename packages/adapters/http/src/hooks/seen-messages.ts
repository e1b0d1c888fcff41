import { createHash } from 'node:crypto';

/** At one message a second, more than two hours. Timestamps are accepted for ten minutes. */
const MAX_MESSAGES = 10_000;

/** The messages that one hook accepted, so that a repeated one is recognised. The oldest are forgotten. */
export class SeenMessages {
  // Ids come from outside and may be long.
  readonly #digests = new Set<string>();

  /** Adds a message. Returns false if it was added before. */
  add(messageId: string): boolean {
    const digest = createHash('sha256').update(messageId).digest('base64url');
    if (this.#digests.has(digest)) return false;
    this.#digests.add(digest);
    const [oldest] = this.#digests;
    if (this.#digests.size > MAX_MESSAGES && oldest !== undefined) this.#digests.delete(oldest);
    return true;
  }
}
