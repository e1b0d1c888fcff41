import type { LedgerRecord, WriteOutcome } from '@vault-swarm/rotation';

type LedgerText = Extract<LedgerRecord, { readonly kind: 'text' }>;

const TRUSTED = { mustRewrite: false, warning: null };

/** The config object that holds the ledger: its versions never repeat, also after it was deleted. */
export class LedgerObject {
  #text: LedgerText | null = null;
  #distrust: string | null = null;
  #version = 0;
  /** How often it was written. */
  writes = 0;

  get record(): LedgerRecord | null {
    if (this.#text === null || this.#distrust === null) return this.#text;
    return { kind: 'untrusted', version: this.#text.version, message: this.#distrust };
  }

  get text(): string | null {
    return this.#text?.text ?? null;
  }

  compareAndSet(version: string | null, text: string): WriteOutcome {
    if (version !== (this.#text?.version ?? null)) return 'conflict';
    this.replace(text);
    this.writes += 1;
    return 'applied';
  }

  /** Writes it whatever its version is; `null` deletes it. */
  replace(text: string | null, trust: Pick<LedgerText, 'mustRewrite' | 'warning'> = TRUSTED): void {
    this.#version += 1;
    this.#distrust = null;
    this.#text = text === null ? null : { kind: 'text', text, version: String(this.#version), ...trust };
  }

  /** Somebody changes it so that the store does not trust it any more, and says so. */
  tamper(message: string): void {
    this.replace(this.text);
    this.#distrust = message;
  }
}
