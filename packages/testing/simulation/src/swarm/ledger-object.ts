import type { LedgerRecord, WriteOutcome } from '@vault-swarm/rotation';

/** The config object that holds the ledger: its versions never repeat, also after it was deleted. */
export class LedgerObject {
  #record: LedgerRecord | null = null;
  #version = 0;
  /** How often it was written. */
  writes = 0;

  get record(): LedgerRecord | null {
    return this.#record;
  }

  compareAndSet(version: string | null, text: string): WriteOutcome {
    if (version !== (this.#record?.version ?? null)) return 'conflict';
    this.replace(text);
    this.writes += 1;
    return 'applied';
  }

  /** Writes it whatever its version is; `null` deletes it. */
  replace(text: string | null): void {
    this.#version += 1;
    this.#record = text === null ? null : { text, version: String(this.#version) };
  }
}
