const REDACTED = '[redacted]';

/**
 * The bytes of a secret, which only {@link SecretValue.reveal} gives away: printed, logged, inspected or serialised it
 * is `[redacted]`.
 *
 * The bytes are held as given, not copied: whoever makes a value must not change its buffer afterwards.
 */
export class SecretValue {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A value from text, as UTF-8. */
  static fromText(text: string): SecretValue {
    return new SecretValue(new TextEncoder().encode(text));
  }

  /** Length in bytes. */
  get byteLength(): number {
    return this.#bytes.byteLength;
  }

  /** The bytes themselves. The buffer is shared between all readers: it must not be changed. */
  reveal(): Uint8Array {
    return this.#bytes;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  /** What Node's `util.inspect` and `console` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED;
  }
}
