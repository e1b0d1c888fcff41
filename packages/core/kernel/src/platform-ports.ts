/** Time. It is a port, so that a simulated clock can replace the real one. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. May jump. */
  now(): number;
  /** Milliseconds since some moment. It never decreases. Use it for durations and ages. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs`, which is 0 or more, unless the returned function is called first. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Randomness for jitter: a number in [0, 1). Never used for keys. */
export interface Random {
  next(): number;
}

/** A keyed digest (HMAC). Without the key, a reader of the digest can't test guesses of the value. */
export interface Digest {
  /** The digest of `bytes` under `key`, as base64url: in the plugin 16 characters (96 bits). */
  digest(key: string, bytes: Uint8Array): string;
  /** A new random key of 256 bits, as base64url. */
  generateKey(): string;
}
