import type { LedgerRecord, LedgerStore, WriteOutcome } from '../ports/orchestrator.ts';

/** A ledger that ends with the process. */
export class MemoryLedgerStore implements LedgerStore {
  #stored: { readonly text: string; readonly version: string } | null = null;

  async read(): Promise<LedgerRecord | null> {
    return this.#stored === null ? null : { kind: 'text', ...this.#stored, mustRewrite: false, warning: null };
  }

  async compareAndSet(version: string | null, text: string): Promise<WriteOutcome> {
    if (version !== (this.#stored?.version ?? null)) return 'conflict';
    this.#stored = { text, version: String(Number(version ?? 0) + 1) };
    return 'applied';
  }
}
