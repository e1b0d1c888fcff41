import type { ProblemCode } from '@vault-swarm/provider';
import type { Role } from '../ports/orchestrator.ts';
import { LEDGER_FORMAT, type LedgerReading } from './codec.ts';
import { emptyLedger, type LedgerDocument } from './ledger.ts';

/** The ledger as the orchestrator stores it. */
export type StoredLedger =
  | LedgerReading
  | { readonly kind: 'absent' }
  /** The store does not trust it; `message` says why. */
  | { readonly kind: 'untrusted'; readonly message: string };

/** Why a ledger is neither used nor written. */
export interface UnusableLedger {
  readonly code: Extract<ProblemCode, 'LEDGER_TOO_NEW' | 'LEDGER_UNTRUSTED'>;
  /** For people: the reason, and what to do. */
  readonly message: string;
}

/** Why this process can't use the ledger and must not overwrite it; `null` if it can use it, or starts a new one. */
export function unusable(stored: StoredLedger): UnusableLedger | null {
  const meanwhile = 'Until then secrets are served, and nothing is rolled or written here';
  switch (stored.kind) {
    case 'newer': {
      const formats = `format ${stored.format}, this one reads ${LEDGER_FORMAT}`;
      return {
        code: 'LEDGER_TOO_NEW',
        message: `a later version of the plugin wrote the ledger (${formats}); update the plugin on this manager. ${meanwhile}`,
      };
    }
    case 'untrusted':
      return { code: 'LEDGER_UNTRUSTED', message: `${stored.message}. ${meanwhile}` };
    default:
      return null;
  }
}

/**
 * The stored ledger if it is readable, else an empty one. The empty one gets the digest key of a newer ledger, or else
 * the key for a first ledger.
 */
export function ledgerAsStored(stored: StoredLedger, firstKey: () => string | null): LedgerDocument {
  if (stored.kind === 'readable') return stored.ledger;
  return emptyLedger(stored.kind === 'newer' ? stored.digestKey : firstKey());
}

/**
 * Whether this process may change the ledger. The leader must be able to read it. Since the leader may run an earlier
 * version, only the leader itself upgrades to the newer format.
 */
export function mayWrite({ role, stored }: { readonly role: Role; readonly stored: StoredLedger }): boolean {
  if (unusable(stored) !== null) return false;
  return role === 'leader' || stored.kind !== 'readable' || stored.format === LEDGER_FORMAT;
}
