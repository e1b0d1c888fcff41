import type { LedgerDocument, LedgerService, Values } from '../ledger/ledger.ts';
import type { SecretUse } from './secret-binding.ts';

/**
 * The entry of a service as the ledger calls its secrets now: one whose path label is new, or is gone, was called
 * otherwise before, and what was noted of it still holds. Values are tagged with their ref, so those that were read by
 * another one stay what they are.
 */
export function renameKeys(
  entry: LedgerService,
  uses: readonly SecretUse[],
  secrets: LedgerDocument['secrets'],
): LedgerService {
  const renamed = new Map<string, string>();
  for (const { key, otherKey } of uses) {
    if (secrets[key] === undefined && secrets[otherKey] !== undefined) renamed.set(otherKey, key);
  }
  if (renamed.size === 0) return entry;
  const newKey = (key: string) => renamed.get(key) ?? key;
  const rename = <T>(values: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [newKey(key), value]));
  const { rollout, setAside, requested, earlier, exceptions } = entry;
  return {
    ...entry,
    rollout: rollout && { ...rollout, target: rename(rollout.target), lastGood: rename(rollout.lastGood) },
    setAside: setAside.map((set) => ({ ...set, failed: rename(set.failed), lastGood: rename(set.lastGood) })),
    requested: requested.map(newKey),
    earlier: rename(earlier),
    exceptions: Object.fromEntries(
      Object.entries(exceptions).map(([id, values]): [string, Values] => [id, rename(values)]),
    ),
  };
}
