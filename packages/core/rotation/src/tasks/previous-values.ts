import type { ServiceBindings } from '../bindings/secret-binding.ts';
import type { LedgerService, PreviousValue } from '../ledger/ledger.ts';
import type { SecretVersion } from '../ledger/secret-version.ts';

/**
 * Records that all present tasks have this value, unless something else is known of them. The limit comes from their
 * own creation times, so clock differences do not matter.
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
  // The first matching record of a task counts. A record that matches no further task would only use space.
  if (recorded.some(({ untilMs }) => untilMs >= value.untilMs)) return earlier;
  const last = recorded.at(-1);
  // A service whose tasks fail repeatedly would otherwise add a record for each of them.
  const isLonger = last?.revision === revision && last.digest === digest;
  return { ...earlier, [key]: [...(isLonger ? recorded.slice(0, -1) : recorded), value] };
}
