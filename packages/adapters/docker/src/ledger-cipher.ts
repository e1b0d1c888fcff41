import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Before a text that is encrypted. */
const ENCRYPTED = 'aes-gcm:';

/** A decrypted text; `isCurrent`: with the present key, and not with the previous one. */
export interface Decrypted {
  readonly bytes: Buffer;
  readonly isCurrent: boolean;
}

/**
 * Encrypts a label with a key from the operator's: AES-256-GCM with a random nonce. The name of the object is
 * authenticated, so that one object's label is not accepted in another one.
 */
export class LedgerCipher {
  readonly #name: Buffer;
  readonly #key: Buffer;
  readonly #previous: Buffer | null;

  /** @param previousKey decrypts too, but never encrypts. */
  constructor(name: string, key: string, previousKey: string | null) {
    this.#name = Buffer.from(name);
    this.#key = derived(key);
    this.#previous = previousKey === null ? null : derived(previousKey);
  }

  encrypt(bytes: Buffer): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce).setAAD(this.#name);
    const text = Buffer.concat([cipher.update(bytes), cipher.final()]);
    return ENCRYPTED + Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64');
  }

  /** `null` if it was encrypted with another key or for another object, or changed since. */
  decrypt(label: string): Decrypted | null {
    const stored = Buffer.from(label.slice(ENCRYPTED.length), 'base64');
    if (stored.length < NONCE_BYTES + TAG_BYTES) return null;
    const bytes = this.#open(this.#key, stored);
    if (bytes !== null) return { bytes, isCurrent: true };
    const earlier = this.#previous === null ? null : this.#open(this.#previous, stored);
    return earlier === null ? null : { bytes: earlier, isCurrent: false };
  }

  #open(key: Buffer, stored: Buffer): Buffer | null {
    const tagEnd = NONCE_BYTES + TAG_BYTES;
    const decipher = createDecipheriv(ALGORITHM, key, stored.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      .setAAD(this.#name)
      .setAuthTag(stored.subarray(NONCE_BYTES, tagEnd));
    try {
      return Buffer.concat([decipher.update(stored.subarray(tagEnd)), decipher.final()]);
    } catch {
      return null;
    }
  }
}

/** Whether a label is encrypted. */
export function isEncrypted(label: string): boolean {
  return label.startsWith(ENCRYPTED);
}

function derived(key: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'vault-swarm encryption of a config object', KEY_BYTES));
}
