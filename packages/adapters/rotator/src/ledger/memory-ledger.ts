import type { LedgerRecord, WriteOutcome } from '@vault-swarm/rotation';
import type { RotatorLedger } from './rotator-ledger.ts';

/**
 * A ledger that ends with the process. After a restart the rotator knows no quarantined value, so it tries a bad value
 * once more. Use `fileLedger` to keep it.
 */
export function memoryLedger(): RotatorLedger {
  const generations = new Map<string, number>();
  let stored: { readonly text: string; readonly version: string } | null = null;
  return {
    open: async () => undefined,
    close: async () => undefined,
    generation: (group) => generations.get(group) ?? 1,
    async setGeneration(group, generation) {
      generations.set(group, generation);
    },
    async read(): Promise<LedgerRecord | null> {
      return stored === null ? null : { kind: 'text', ...stored, mustRewrite: false, warning: null };
    },
    async compareAndSet(version, text): Promise<WriteOutcome> {
      if (version !== (stored?.version ?? null)) return 'conflict';
      stored = { text, version: String(Number(version ?? 0) + 1) };
      return 'applied';
    },
  };
}
