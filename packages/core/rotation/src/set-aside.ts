import type { HeldValue } from './held-value.ts';
import { sameValue } from './held-value.ts';
import type { EarlierValue, LedgerService, SetAside } from './ledger.ts';
import { formerKeys, type ServiceUses, unreadKeys } from './uses.ts';

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

/**
 * Notes that the tasks there are now hold this value, unless something else is known of them. Each of them was made
 * before this moment, whatever the clocks say.
 */
export function noteEarlier(
  earlier: LedgerService['earlier'],
  key: string,
  { revision, digest }: HeldValue,
  tasks: ServiceUses['service']['tasks'],
): LedgerService['earlier'] {
  const alive = tasks.filter(({ state }) => state !== 'ended');
  if (alive.length === 0) return earlier;
  const value: EarlierValue = {
    revision,
    digest,
    untilMs: 1 + Math.max(...alive.map(({ createdAtMs }) => createdAtMs)),
  };
  const noted = earlier[key] ?? [];
  // The first that a task is older than counts: one that says nothing of any further task would only take up space.
  if (noted.some(({ untilMs }) => untilMs >= value.untilMs)) return earlier;
  return { ...earlier, [key]: [...noted, value] };
}
