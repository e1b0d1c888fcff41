import type { Clock } from '@vault-swarm/kernel';
import { LedgerSigner } from './ledger-signature.ts';

/** The operator's keys for the ledger. */
export interface LedgerKeys {
  readonly key: string;
  /** The key before, while it is being replaced: what was signed with it is trusted, and signed again with the other. */
  readonly previousKey: string | null;
  /** Whether a ledger without a signature is trusted, by a process that has seen none with one. For an upgrade. */
  readonly acceptUnsigned: boolean;
}

/** A ledger as the Swarm has it. */
export interface StoredLedger {
  readonly label: string;
  readonly signature: string | undefined;
  readonly id: string;
  /** Of the object's version. The Swarm raises it with each write. */
  readonly index: number;
  /** When the Swarm wrote it, by the clock of its leader, in milliseconds since 1970. */
  readonly storedAtMs: number;
}

/** The newest ledger that this process knows to be a right one. */
export interface KnownLedger {
  readonly sequence: number;
  readonly label: string;
  /** `null`: it was created by this process, and not read yet. */
  readonly id: string | null;
  /** Of its version, or of the one before. */
  readonly index: number;
}

/** What a stored ledger is worth. */
export type Classification =
  /** `isSigned` is false where the present key has not signed it. */
  | { readonly kind: 'trusted'; readonly isSigned: boolean }
  /** It is an older one, and `label` the newest. */
  | { readonly kind: 'replayed'; readonly label: string; readonly message: string }
  | { readonly kind: 'untrusted'; readonly message: string };

/**
 * A ledger is written right after it is signed. One that was written so much later is a copy. Managers' clocks differ by
 * less, and a write waits less for a Swarm that is busy.
 */
const MAX_SIGNATURE_AGE_MS = 10 * 60_000;

const TRUSTED: Classification = { kind: 'trusted', isSigned: true };

/**
 * Which ledgers are acted on. With the operator's key only those that a holder of the key has signed, and of them only
 * the newest; without a key, every one that has no signature.
 */
export class LedgerTrust {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #signer: LedgerSigner | null;
  readonly #acceptUnsigned: boolean;
  #newest: KnownLedger | null = null;

  constructor(name: string, clock: Clock, keys: LedgerKeys | null) {
    this.#name = name;
    this.#clock = clock;
    this.#signer = keys === null ? null : new LedgerSigner(name, keys.key, keys.previousKey);
    this.#acceptUnsigned = keys?.acceptUnsigned === true;
  }

  /** The newest ledger that is known, as a call starts: what was written since is not older for that. */
  get newest(): KnownLedger | null {
    return this.#newest;
  }

  /**
   * Judges a ledger that was read.
   * @param known the {@link newest} when the reading started.
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
      // Right after an election a manager may still answer with what it knew: its version is an older one, too.
      const isOldAnswer = id === known.id && index <= known.index;
      if (!isOldAnswer) return { kind: 'replayed', label: known.label, message: REPLAYED };
    }
    this.#note({ sequence: signed.sequence, label, id, index });
    return { kind: 'trusted', isSigned: signature.startsWith(`1.${this.#signer.keyId}.`) };
  }

  /** The signature of a label that is about to be written; `null` without a key. */
  sign(label: string): { readonly signature: string; readonly sequence: number } | null {
    if (this.#signer === null) return null;
    const atMs = this.#clock.now();
    // A time is greater than those before it also where nothing is known of them, since the ledger was removed.
    const sequence = Math.max(Math.round(atMs), (this.#newest?.sequence ?? 0) + 1);
    return { signature: this.#signer.sign(label, { sequence, atMs }), sequence };
  }

  /** A ledger of ours was written over the version with this id and index. */
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
        `${reason}. If that is not it, somebody changed the ledger: find out who can write configs, and remove it with ` +
        `docker config rm ${this.#name}; running tasks then count as current`,
    };
  }
}

const UNSIGNED =
  'the ledger has no integrity code, and LEDGER_KEY is given. If a plugin without this key wrote it, start the plugin with ' +
  'LEDGER_ACCEPT_UNSIGNED=true on the managers once';
const NO_KEY =
  'the ledger has an integrity code, and this plugin has no LEDGER_KEY to check it. Give it the LEDGER_KEY of the other managers';
const REPLAYED =
  'an older copy of the ledger was put in the place of the newest, which is written again: find out who can write configs';

function wrongSignature(ownId: string, otherId: string): string {
  const known =
    otherId === '' || otherId === ownId ? '' : `; ours has the id ${ownId}, that of the ledger's writer ${otherId}`;
  return (
    `the ledger's integrity code is not by our LEDGER_KEY${known}. Give all managers the same LEDGER_KEY, and while it is ` +
    'being replaced also the one before, as LEDGER_KEY_PREVIOUS'
  );
}

function outdated(atMs: number): string {
  return (
    `the ledger is a copy of the one of ${new Date(atMs).toISOString()}, which was written again later. If it is right, ` +
    "set the managers' clocks"
  );
}
