import type { ServiceBindings } from '../bindings/secret-binding.ts';
import type { LedgerService, PreviousValue } from '../ledger/ledger.ts';
import type { SecretVersion } from '../ledger/secret-version.ts';

/**
 * Notes that the tasks there are now hold this value, unless something else is known of them. Each of them was made
 * before this moment, whatever the clocks say.
 */
export function addPreviousValue(
  earlier: LedgerService['previousValues'],
  key: string,
  { revision, digest }: SecretVersion,
  tasks: ServiceBindings['service']['tasks'],
): LedgerService['previousValues'] {
  const alive = tasks.filter(({ state }) => state !== 'ended');
  if (alive.length === 0) return earlier;
  const value: PreviousValue = {
    revision,
    digest,
    untilMs: 1 + Math.max(...alive.map(({ createdAtMs }) => createdAtMs)),
  };
  const recorded = earlier[key] ?? [];
  // The first that a task is older than counts: one that says nothing of any further task would only take up space.
  if (recorded.some(({ untilMs }) => untilMs >= value.untilMs)) return earlier;
  return { ...earlier, [key]: [...recorded, value] };
}
