import type { ServiceUses } from '../bindings/secret-binding.ts';
import type { EarlierValue, LedgerService } from '../ledger/ledger.ts';
import type { HeldValue } from '../ledger/secret-version.ts';

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
