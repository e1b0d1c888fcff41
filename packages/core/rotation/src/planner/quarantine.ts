import { formerKeys, type ServiceUses, unreadKeys } from '../bindings/secret-binding.ts';
import type { LedgerService, SetAside } from '../ledger/ledger.ts';
import type { HeldValue } from '../ledger/secret-version.ts';
import { sameValue } from '../ledger/secret-version.ts';
import { noteEarlier } from '../tasks/previous-values.ts';

/**
 * The entry without the sets that no longer hold: of one of their members another value is current, or the service does
 * not use it any more. The whole set is tried anew then, so for each member it is noted that the tasks hold the last
 * good value.
 */
export function liftOutdatedSets(
  entry: LedgerService,
  serviceUses: ServiceUses,
  current: (refKey: string) => HeldValue | undefined,
): { readonly entry: LedgerService; readonly lifted: readonly SetAside[] } {
  if (entry.setAside.length === 0) return { entry, lifted: entry.setAside };
  const { service, uses } = serviceUses;
  const kept = new Set([...unreadKeys(service, uses), ...formerKeys(service)]);
  const isOver = ({ failed }: SetAside) =>
    Object.entries(failed).some(([key, value]) => {
      if (kept.has(key)) return false;
      const use = uses.find((candidate) => candidate.key === key);
      const now = use === undefined ? undefined : current(use.refKey);
      return use === undefined || (now !== undefined && !sameValue(now, value));
    });
  const lifted = entry.setAside.filter(isOver);
  return { entry: lift(entry, serviceUses, lifted), lifted };
}

/** The entry without these sets, with a note of what the tasks hold instead. */
export function lift(entry: LedgerService, { service }: ServiceUses, lifted: readonly SetAside[]): LedgerService {
  if (lifted.length === 0) return entry;
  let earlier = entry.earlier;
  for (const { lastGood } of lifted) {
    for (const [key, value] of Object.entries(lastGood)) earlier = noteEarlier(earlier, key, value, service.tasks);
  }
  return { ...entry, earlier, setAside: entry.setAside.filter((set) => !lifted.includes(set)) };
}
