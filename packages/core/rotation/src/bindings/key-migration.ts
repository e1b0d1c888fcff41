import type { LedgerDocument, LedgerService, Values } from '../ledger/ledger.ts';
import type { SecretBinding } from './secret-binding.ts';

/**
 * The entry of a service as the ledger calls its secrets now: one whose path label is new, or is gone, was called
 * otherwise before, and what was recorded of it still holds. Values are tagged with their ref, so those that were read by
 * another one stay what they are.
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
  const { rollout, quarantines, requested, previousValues, taskOverrides } = entry;
  return {
    ...entry,
    rollout: rollout && { ...rollout, target: rename(rollout.target), lastGood: rename(rollout.lastGood) },
    quarantines: quarantines.map((set) => ({ ...set, failed: rename(set.failed), lastGood: rename(set.lastGood) })),
    requested: requested.map(newKey),
    previousValues: rename(previousValues),
    taskOverrides: Object.fromEntries(
      Object.entries(taskOverrides).map(([id, values]): [string, Values] => [id, rename(values)]),
    ),
  };
}
