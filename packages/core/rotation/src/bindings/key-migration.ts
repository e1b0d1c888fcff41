import type { LedgerDocument, LedgerService, Values } from '../ledger/ledger.ts';
import type { SecretBinding } from './secret-binding.ts';

/**
 * Renames the keys in a service's ledger entry. A secret has another key after its path label was added or removed, but
 * its records stay valid. Values are tagged with their ref, so values of another ref remain recognisable.
 */
export function migrateKeys(
  entry: LedgerService,
  bindings: readonly SecretBinding[],
  secrets: LedgerDocument['secrets'],
): LedgerService {
  const renamed = new Map<string, string>();
  for (const { key, aliasKey } of bindings) {
    if (secrets[key] === undefined && secrets[aliasKey] !== undefined) renamed.set(aliasKey, key);
  }
  if (renamed.size === 0) return entry;
  const newKey = (key: string) => renamed.get(key) ?? key;
  const rename = <T>(values: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [newKey(key), value]));
  const { rollout, quarantines, requested, previousValues, failedBefore, taskOverrides } = entry;
  return {
    ...entry,
    rollout: rollout && { ...rollout, target: rename(rollout.target), lastGood: rename(rollout.lastGood) },
    quarantines: quarantines.map((set) => ({ ...set, failed: rename(set.failed), lastGood: rename(set.lastGood) })),
    requested: requested.map(newKey),
    previousValues: rename(previousValues),
    failedBefore: rename(failedBefore),
    taskOverrides: Object.fromEntries(
      Object.entries(taskOverrides).map(([id, values]): [string, Values] => [id, rename(values)]),
    ),
  };
}
