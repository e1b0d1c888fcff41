import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** The content of a ledger's signature. Only a holder of the key can create one. */
export interface Signed {
  /** Greater than the sequence of every earlier ledger. */
  readonly sequence: number;
  /** When it was signed, by the writer's clock, in milliseconds since 1970. */
  readonly atMs: number;
}

/** `wrong`: signed with another key or for another ledger, or not a signature. `keyId` is the id in the signature. */
export type SignatureReading =
  | ({ readonly kind: 'valid' } & Signed)
  | { readonly kind: 'wrong'; readonly keyId: string };

/** `1.KEY-ID.SEQUENCE.TIME.CODE` */
const SIGNATURE = /^1\.([A-Za-z0-9_-]{8})\.(\d{1,16})\.(\d{1,16})\.([A-Za-z0-9_-]{43})$/;
/** The id of a key. */
export const LEDGER_KEY_ID = /^[A-Za-z0-9_-]{8}$/;
const KEY_BYTES = 32;
const KEY_ID_CHARACTERS = 8;

/** Signs ledgers: HMAC-SHA-256 of the label, the ledger's name, its sequence and its time. */
export class LedgerSigner {
  readonly #name: string;
  readonly #key: Buffer;
  readonly #previous: Buffer | null;

  /**
   * @param name of the ledger, so that plugins with the same key do not accept each other's ledgers.
   * @param previousKey is accepted too, but never used for a new signature.
   */
  constructor(name: string, key: string, previousKey: string | null) {
    this.#name = name;
    this.#key = derived(key);
    this.#previous = previousKey === null ? null : derived(previousKey);
  }

  /** Identifies the key without revealing it. */
  get keyId(): string {
    return idOf(this.#key);
  }

  /** Signs a label. */
  sign(label: string, { sequence, atMs }: Signed): string {
    const head = `1.${this.keyId}.${sequence}.${Math.max(0, Math.round(atMs))}`;
    return `${head}.${this.#code(this.#key, head, label)}`;
  }

  /** Checks a signature in constant time. */
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

/**
 * The ids of the operator's keys, that of the present key first. A signature has its key's id too, so a client that
 * can read configs learns nothing from them. They say nothing of a random key. With a guessable one, the signature
 * itself is a test of guesses, so a slow derivation would protect nothing.
 */
export function ledgerKeyIds(keys: { readonly key: string; readonly previousKey: string | null } | null): string[] {
  if (keys === null) return [];
  return [keys.key, ...(keys.previousKey === null ? [] : [keys.previousKey])].map((key) => idOf(derived(key)));
}

/** Value digests use the operator's key itself. A derived key ensures that no chosen value produces a signature. */
function derived(key: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'vault-swarm ledger signature', KEY_BYTES));
}

function idOf(key: Buffer): string {
  return createHash('sha256').update('id').update(key).digest('base64url').slice(0, KEY_ID_CHARACTERS);
}
