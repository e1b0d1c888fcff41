import type { Clock } from '@vault-swarm/kernel';
import { LedgerSigner } from './ledger-signature.ts';

/** The operator's keys for the ledger. */
export interface LedgerKeys {
  readonly key: string;
  /**
   * The previous key, while it is being replaced. Ledgers signed with it are trusted, and signed again with the new
   * key.
   */
  readonly previousKey: string | null;
  /** Whether an unsigned ledger is trusted as long as this process has seen no signed one. For upgrades. */
  readonly acceptUnsigned: boolean;
}

/** A ledger that is stored in the Swarm. */
export interface StoredLedger {
  readonly label: string;
  readonly signature: string | undefined;
  readonly id: string;
  /** The index of the object's version. Swarm increases it with each write. */
  readonly index: number;
  /** When the Swarm wrote it, by the leader's clock, in milliseconds since 1970. */
  readonly storedAtMs: number;
}

/** The newest ledger that this process trusts. */
export interface KnownLedger {
  readonly sequence: number;
  readonly label: string;
  /** `null`: this process created it and has not read it yet. */
  readonly id: string | null;
  /** The index of its version, or of the one before. */
  readonly index: number;
}

/** Whether a stored ledger is trusted. */
export type Classification =
  /** `isSigned` is false if the current key did not sign it. */
  | { readonly kind: 'trusted'; readonly isSigned: boolean }
  /** It is an older one, and `label` the newest. */
  | { readonly kind: 'replayed'; readonly label: string; readonly message: string }
  | { readonly kind: 'untrusted'; readonly message: string };

/**
 * A ledger is written right after it is signed. One that was written much later is a copy. Clock differences and slow
 * writes stay below this limit.
 */
const MAX_SIGNATURE_AGE_MS = 10 * 60_000;

const LEDGER_REMOVED = 'running tasks then count as up to date';

const TRUSTED: Classification = { kind: 'trusted', isSigned: true };

/**
 * Decides which ledgers are trusted. With a key: only ledgers signed with it, and of those only the newest. Without a
 * key: only unsigned ledgers.
 */
export class LedgerTrust {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #whenRemoved: string;
  readonly #signer: LedgerSigner | null;
  readonly #acceptUnsigned: boolean;
  #newest: KnownLedger | null = null;

  /** @param whenRemoved what happens once the object is removed, for operators. */
  constructor(name: string, clock: Clock, keys: LedgerKeys | null, whenRemoved = LEDGER_REMOVED) {
    this.#name = name;
    this.#whenRemoved = whenRemoved;
    this.#clock = clock;
    this.#signer = keys === null ? null : new LedgerSigner(name, keys.key, keys.previousKey);
    this.#acceptUnsigned = keys?.acceptUnsigned === true;
  }

  /** The newest known ledger when a call starts. Ledgers written during the call are not older than it. */
  get newest(): KnownLedger | null {
    return this.#newest;
  }

  /**
   * Classifies a ledger that was read.
   * @param known the {@link newest} when the read started.
   */
  judge(stored: StoredLedger, known: KnownLedger | null): Classification {
    const { label, signature, id, index } = stored;
    if (this.#signer === null) return signature === undefined ? TRUSTED : this.#untrusted(NO_KEY);
    if (signature === undefined) {
      return this.#acceptUnsigned && known === null ? { kind: 'trusted', isSigned: false } : this.#untrusted(UNSIGNED);
    }
    const signed = this.#signer.open(signature, label);
    if (signed.kind === 'wrong') return this.#untrusted(wrongSignature(this.#signer.keyId, signed.keyId));
    if (known === null && stored.storedAtMs - signed.atMs > MAX_SIGNATURE_AGE_MS)
      return this.#untrusted(outdated(signed.atMs));
    if (known !== null && signed.sequence < known.sequence) {
      // Right after an election, a manager may still return an old state: its version is also older.
      const isOldAnswer = id === known.id && index <= known.index;
      if (!isOldAnswer) return { kind: 'replayed', label: known.label, message: REPLAYED };
    }
    this.#note({ sequence: signed.sequence, label, id, index });
    return { kind: 'trusted', isSigned: signature.startsWith(`1.${this.#signer.keyId}.`) };
  }

  /** The signature of a label to be written; `null` without a key. */
  sign(label: string): { readonly signature: string; readonly sequence: number } | null {
    if (this.#signer === null) return null;
    const atMs = this.#clock.now();
    // If the ledger was removed, its sequence is not known. The time is still greater than every earlier one.
    const sequence = Math.max(Math.round(atMs), (this.#newest?.sequence ?? 0) + 1);
    return { signature: this.#signer.sign(label, { sequence, atMs }), sequence };
  }

  /** Records that this process wrote a ledger over the version with this id and index. */
  wrote(ledger: KnownLedger): void {
    this.#note(ledger);
  }

  #note(ledger: KnownLedger): void {
    if (this.#newest === null || ledger.sequence >= this.#newest.sequence) this.#newest = ledger;
  }

  #untrusted(reason: string): Classification {
    return {
      kind: 'untrusted',
      message:
        `${reason}. Otherwise somebody changed the ledger: find out who can write configs, and remove it with ` +
        `docker config rm ${this.#name}; ${this.#whenRemoved}`,
    };
  }
}

const UNSIGNED =
  'the ledger has no integrity code, and LEDGER_KEY is set. If a plugin without this key wrote it, start the plugin with ' +
  'LEDGER_ACCEPT_UNSIGNED=true on the managers once';
const NO_KEY =
  'the ledger has an integrity code, and this plugin has no LEDGER_KEY to check it. Set the LEDGER_KEY of the other managers';
const REPLAYED =
  'the ledger was replaced by an older copy. The plugin writes the newest one again: find out who can write configs';

function wrongSignature(ownId: string, otherId: string): string {
  const known =
    otherId === '' || otherId === ownId
      ? ''
      : `; the id of our key is ${ownId}, that of the ledger's writer ${otherId}`;
  return (
    `the ledger's integrity code was not made with our LEDGER_KEY${known}. Set the same LEDGER_KEY on all managers, and while you ` +
    'replace it, set the previous one as LEDGER_KEY_PREVIOUS'
  );
}

function outdated(atMs: number): string {
  return (
    `the ledger is a copy of the one of ${new Date(atMs).toISOString()}, which was written again later. If it is correct, ` +
    "synchronize the managers' clocks"
  );
}
