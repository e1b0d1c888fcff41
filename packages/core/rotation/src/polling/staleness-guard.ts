import type { Clock } from '@vault-swarm/kernel';
import type { SecretBinding, ServiceBindings } from '../bindings/secret-binding.ts';
import type { LedgerDocument, LedgerSecret } from '../ledger/ledger.ts';
import { type SecretVersion, sameValue } from '../ledger/secret-version.ts';

/**
 * Which of the ledger's values were written by another process since this one last checked the provider. What it found
 * there before may be older than they are: it must look again before it takes its own finding for the newer one. Else a
 * manager that starts to lead would bring back what another has just replaced.
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

  /** The ledger was read. Returns the uses whose value another process has written since. */
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

  /** This process wrote the ledger. */
  wrote(ledger: LedgerDocument): void {
    this.#secrets = ledger.secrets;
  }

  /**
   * Whether a finding may be older than what the ledger has.
   * @param foundAtMs when the poll started, in monotonic milliseconds.
   */
  mayBeNewer(refKey: string, found: SecretVersion, foundAtMs: number): boolean {
    const sinceMs = this.#sinceMs.get(refKey);
    const known = this.#values.get(refKey);
    return sinceMs !== undefined && known !== undefined && foundAtMs < sinceMs && !sameValue(known, found);
  }
}
