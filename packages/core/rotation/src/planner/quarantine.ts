import { type ServiceBindings, unboundKeys } from '../bindings/secret-binding.ts';
import type { LedgerService, Quarantine } from '../ledger/ledger.ts';
import type { SecretVersion } from '../ledger/secret-version.ts';
import { sameValue } from '../ledger/secret-version.ts';
import { addPreviousValue } from '../tasks/previous-values.ts';

/**
 * Releases the quarantines that no longer hold: one of their secrets has another current value, or the service no
 * longer uses it. The whole set is retried then. So the entry records, for each secret, that the tasks have the last
 * good value.
 */
export function releaseOutdated(
  entry: LedgerService,
  serviceBindings: ServiceBindings,
  current: (refKey: string) => SecretVersion | undefined,
): { readonly entry: LedgerService; readonly released: readonly Quarantine[] } {
  if (entry.quarantines.length === 0) return { entry, released: entry.quarantines };
  const { service, bindings } = serviceBindings;
  const kept = new Set(unboundKeys(service, bindings));
  const isOver = ({ failed }: Quarantine) =>
    Object.entries(failed).some(([key, value]) => {
      if (kept.has(key)) return false;
      const binding = bindings.find((candidate) => candidate.key === key);
      const now = binding === undefined ? undefined : current(binding.refKey);
      return binding === undefined || (now !== undefined && !sameValue(now, value));
    });
  const released = entry.quarantines.filter(isOver);
  return { entry: release(entry, serviceBindings, released), released };
}

/**
 * The entry without these quarantines. It records the values that the tasks have instead, and those that made tasks
 * fail: a task may have been given one although it was in quarantine.
 */
export function release(
  entry: LedgerService,
  { service }: ServiceBindings,
  released: readonly Quarantine[],
): LedgerService {
  if (released.length === 0) return entry;
  let { previousValues, failedBefore } = entry;
  for (const { failed, lastGood, isByUser } of released) {
    if (!isByUser) failedBefore = { ...failedBefore, ...failed };
    for (const [key, value] of Object.entries(lastGood))
      previousValues = addPreviousValue(previousValues, key, value, service.tasks);
  }
  const quarantines = entry.quarantines.filter((set) => !released.includes(set));
  return { ...entry, previousValues, failedBefore, quarantines };
}
