import type { Clock } from '@vault-swarm/kernel';
import type { SecretBinding, ServiceBindings } from '../bindings/secret-binding.ts';
import type { LedgerDocument, LedgerSecret } from '../ledger/ledger.ts';
import { type SecretVersion, sameValue } from '../ledger/secret-version.ts';

/**
 * Knows which ledger values another process wrote since this one last polled the provider. This process's own finding
 * may be older than such a value. It must poll again before its finding counts as newer. Otherwise a new leader could
 * restore a value that another process has just replaced.
 */
export class StalenessGuard {
  readonly #clock: Clock;
  #secrets: LedgerDocument['secrets'] = {};
  /** When the value of a ref was first read in the ledger, in monotonic milliseconds. */
  readonly #sinceMs = new Map<string, number>();
  #values = new Map<string, LedgerSecret>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records the ledger that was read. Returns the bindings whose value another process has written since. */
  read(ledger: LedgerDocument, services: readonly ServiceBindings[]): readonly SecretBinding[] {
    const changed: SecretBinding[] = [];
    const values = new Map<string, LedgerSecret>();
    for (const { bindings } of services) {
      for (const binding of bindings) {
        const { key, refKey } = binding;
        const now = ledger.secrets[key];
        if (now === undefined) continue;
        values.set(refKey, now);
        if (this.#secrets[key]?.revision === now.revision) continue;
        this.#sinceMs.set(refKey, this.#clock.monotonic());
        changed.push(binding);
      }
    }
    this.#values = values;
    for (const refKey of this.#sinceMs.keys()) if (!values.has(refKey)) this.#sinceMs.delete(refKey);
    this.#secrets = ledger.secrets;
    return changed;
  }

  /** Records that this process wrote the ledger. */
  wrote(ledger: LedgerDocument): void {
    this.#secrets = ledger.secrets;
  }

  /**
   * Whether the ledger's value may be newer than a finding.
   * @param foundAtMs when the poll started, in monotonic milliseconds.
   */
  mayBeNewer(refKey: string, found: SecretVersion, foundAtMs: number): boolean {
    const sinceMs = this.#sinceMs.get(refKey);
    const known = this.#values.get(refKey);
    return sinceMs !== undefined && known !== undefined && foundAtMs < sinceMs && !sameValue(known, found);
  }
}
