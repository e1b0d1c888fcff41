const REDACTED = '[redacted]';

/**
 * The bytes of a secret, which only {@link SecretValue.reveal} gives away: printed, logged, inspected or serialised it
 * is `[redacted]`.
 *
 * The bytes are held as given, not copied: the buffer belongs to the value from then on, which fills it with zeros when it is wiped.
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

  /** Length in bytes. */
  get byteLength(): number {
    return this.#bytes.byteLength;
  }

  /**
   * The bytes themselves. The buffer is shared between all readers: it must not be changed, nor used once the value may have been
   * wiped.
   *
   * @throws {Error} where the value was wiped: zeros must not be taken for it.
   */
  reveal(): Uint8Array {
    if (this.#isWiped) throw new Error('the value was wiped');
    return this.#bytes;
  }

  /** The same value with bytes of its own. @throws {Error} as {@link reveal}. */
  copy(): SecretValue {
    return new SecretValue(new Uint8Array(this.reveal()));
  }

  /** Fills the bytes with zeros. Only the owner of a value may do so. */
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

  /** What Node's `util.inspect` and `console` print. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED;
  }
}
