import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** What the signature of a ledger says about it. Only the holder of the key can make one. */
export interface Signed {
  /** Greater than that of every ledger before it. */
  readonly sequence: number;
  /** When it was made, by its writer's clock, in milliseconds since 1970. */
  readonly atMs: number;
}

/** `wrong`: it was made with another key, or for another ledger, or it is no signature. `keyId` is what it says itself. */
export type SignatureReading =
  | ({ readonly kind: 'valid' } & Signed)
  | { readonly kind: 'wrong'; readonly keyId: string };

/** `1.KEY-ID.SEQUENCE.TIME.CODE` */
const SIGNATURE = /^1\.([A-Za-z0-9_-]{8})\.(\d{1,16})\.(\d{1,16})\.([A-Za-z0-9_-]{43})$/;
const KEY_BYTES = 32;
const KEY_ID_CHARACTERS = 8;

/** The integrity code of a ledger: HMAC-SHA-256 of its label, its name, its sequence and its time. */
export class LedgerSigner {
  readonly #name: string;
  readonly #key: Buffer;
  readonly #previous: Buffer | null;

  /**
   * @param name of the ledger: another plugin's is not this one's, though both may have the same key.
   * @param previousKey accepted too, never used for a new signature.
   */
  constructor(name: string, key: string, previousKey: string | null) {
    this.#name = name;
    this.#key = derived(key);
    this.#previous = previousKey === null ? null : derived(previousKey);
  }

  /** Tells keys apart, and says nothing else about this one. */
  get keyId(): string {
    return idOf(this.#key);
  }

  /** The signature of a label. */
  sign(label: string, { sequence, atMs }: Signed): string {
    const head = `1.${this.keyId}.${sequence}.${Math.max(0, Math.round(atMs))}`;
    return `${head}.${this.#code(this.#key, head, label)}`;
  }

  /** Checks a signature. Takes as long for a wrong code as for the right one. */
  open(signature: string, label: string): SignatureReading {
    const [, keyId, sequence, atMs, code] = SIGNATURE.exec(signature) ?? [];
    if (keyId === undefined || code === undefined) return { kind: 'wrong', keyId: '' };
    const key = [this.#key, this.#previous].find((known) => known !== null && idOf(known) === keyId);
    if (key == null) return { kind: 'wrong', keyId };
    const right = this.#code(key, signature.slice(0, -code.length - 1), label);
    if (!timingSafeEqual(Buffer.from(code), Buffer.from(right))) return { kind: 'wrong', keyId };
    return { kind: 'valid', sequence: Number(sequence), atMs: Number(atMs) };
  }

  #code(key: Buffer, head: string, label: string): string {
    return createHmac('sha256', key).update(`${head}\n${this.#name}\n${label}`).digest('base64url');
  }
}

/** The digests of values are made with the operator's key itself: a value of somebody's choice must not make a code. */
function derived(key: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'vault-swarm ledger signature', KEY_BYTES));
}

function idOf(key: Buffer): string {
  return createHash('sha256').update('id').update(key).digest('base64url').slice(0, KEY_ID_CHARACTERS);
}
