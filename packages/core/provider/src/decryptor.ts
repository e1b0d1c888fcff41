import type { CallOptions } from './secret-provider.ts';

/** The options of a decryption. */
export interface DecryptOptions extends CallOptions {
  readonly context: Readonly<Record<string, string>>;
  /** The ref for messages. */
  readonly displayName: string;
}

/**
 * Decrypts values with a key that only another service has.
 *
 * `decrypt` returns the plaintext in a buffer of its own. It rejects only with a `ProviderError`, also when it was
 * aborted. The caller may wipe the ciphertext after the call.
 */
export interface Decryptor {
  decrypt(ciphertext: Uint8Array, options: DecryptOptions): Promise<Uint8Array>;
  /** Closes connections. Calls in flight are aborted. */
  close(): Promise<void>;
}
