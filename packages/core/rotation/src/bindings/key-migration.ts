import type { LedgerDocument, LedgerService, Values } from '../ledger/ledger.ts';
import type { ServiceBindings } from './secret-binding.ts';

/**
 * The ledger with the present keys in the services' entries; the same object if nothing is renamed. A secret has another
 * key after its path label was added or removed, but its records stay valid. Values are tagged with their ref, so values
 * of another ref remain recognisable.
 */
export function migrateKeys(ledger: LedgerDocument, services: readonly ServiceBindings[]): LedgerDocument {
  const migrated: Record<string, LedgerService> = {};
  for (const { service, bindings } of services) {
    const entry = ledger.services[service.id];
    if (entry === undefined) continue;
    const present = new Map(bindings.map(({ key, aliasKey }) => [aliasKey, key]));
    let isRenamed = false;
    const renamed = rename(entry, (key) => {
      isRenamed ||= present.has(key);
      return present.get(key) ?? key;
    });
    if (isRenamed) migrated[service.id] = renamed;
  }
  if (Object.keys(migrated).length === 0) return ledger;
  return { ...ledger, services: { ...ledger.services, ...migrated } };
}

function rename(entry: LedgerService, newKey: (key: string) => string): LedgerService {
  const renamed = <T>(values: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [newKey(key), value]));
  const { rollout, quarantines, requested, previousValues, failedBefore, taskOverrides } = entry;
  return {
    ...entry,
    rollout: rollout && {
      ...rollout,
      target: renamed(rollout.target),
      lastGood: renamed(rollout.lastGood),
      ...(rollout.triggers === undefined ? {} : { triggers: renamed(rollout.triggers) }),
    },
    quarantines: quarantines.map((set) => ({ ...set, failed: renamed(set.failed), lastGood: renamed(set.lastGood) })),
    requested: requested.map(newKey),
    previousValues: renamed(previousValues),
    failedBefore: renamed(failedBefore),
    taskOverrides: Object.fromEntries(
      Object.entries(taskOverrides).map(([id, values]): [string, Values] => [id, renamed(values)]),
    ),
  };
}
