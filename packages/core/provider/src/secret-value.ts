const REDACTED = '[redacted]';

/**
 * The bytes of a secret. Only {@link SecretValue.reveal} returns them. When the value is printed, logged, inspected or
 * serialized, it is `[redacted]`.
 *
 * The bytes are not copied: the value owns the given buffer, and fills it with zeros when it is wiped.
 */
export class SecretValue {
  readonly #bytes: Uint8Array;
  #isWiped = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A value from text, as UTF-8. */
  static fromText(text: string): SecretValue {
    return new SecretValue(new TextEncoder().encode(text));
  }

  /** The length in bytes. */
  get byteLength(): number {
    return this.#bytes.byteLength;
  }

  /**
   * The bytes. All readers share the buffer: do not change it, and do not use it after the value may have been wiped.
   *
   * @throws {Error} if the value was wiped, so that zeros are never used as the value.
   */
  reveal(): Uint8Array {
    if (this.#isWiped) throw new Error('the value was wiped');
    return this.#bytes;
  }

  /** The bytes as UTF-8 text. The text can't be wiped. @throws {Error} as {@link reveal}. */
  revealText(): string {
    return new TextDecoder().decode(this.reveal());
  }

  /** The same value with its own bytes. @throws {Error} as {@link reveal}. */
  copy(): SecretValue {
    return new SecretValue(new Uint8Array(this.reveal()));
  }

  /** Fills the bytes with zeros. Only the owner of a value may do this. */
  wipe(): void {
    this.#bytes.fill(0);
    this.#isWiped = true;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  /** The output of Node's `util.inspect` and `console`. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED;
  }
}
