// The ledger: a directory with one file for each version. A version is written beside and then linked to its name, which
// only one writer can do: that is the compare-and-set, for any number of processes. Old versions are left as a history.
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LedgerRecord, LedgerStore, WriteOutcome } from '@vault-swarm/rotation';

const FIRST = '00000001';

export class LedgerDirectory implements LedgerStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async read(): Promise<LedgerRecord | null> {
    await mkdir(this.#path, { recursive: true });
    const version = (await readdir(this.#path))
      .filter((name) => /^\d+$/.test(name))
      .sort()
      .at(-1);
    if (version === undefined) return null;
    const text = await readFile(join(this.#path, version), 'utf8');
    // Only this process writes here: what is in the directory is trusted.
    return { kind: 'text', text, version, mustRewrite: false, warning: null };
  }

  async compareAndSet(version: string | null, text: string): Promise<WriteOutcome> {
    const next = version === null ? FIRST : String(Number(version) + 1).padStart(FIRST.length, '0');
    const beside = join(this.#path, `new.${process.pid}`);
    await writeFile(beside, text, { mode: 0o600 });
    try {
      await link(beside, join(this.#path, next));
      return 'applied';
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return 'conflict';
      throw error;
    } finally {
      await rm(beside);
    }
  }
}
