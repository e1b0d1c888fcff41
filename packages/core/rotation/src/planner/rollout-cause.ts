import type { RolloutCause } from '@vault-swarm/provider';
import { type BindingState, targetsDesired } from '../bindings/binding-state.ts';
import type { SecretBinding } from '../bindings/secret-binding.ts';
import { changedValues, type Noticed, type OpenRollout, type RolloutTrigger } from '../ledger/ledger.ts';
import { untagRevision } from '../ledger/secret-version.ts';
import type { ServiceState } from './service-state.ts';

/** An event and the status list at most this many causes of one rollout. */
const MAX_CAUSES = 20;

/**
 * Why a rollout of these bindings starts, by ledger key. A rollout that starts again for the same values keeps its
 * causes, unless an operator requested it since. Changes that an earlier version of the plugin saw have none.
 */
export function triggersOf(
  { entry, noticed, nowMs }: Pick<ServiceState, 'entry' | 'noticed' | 'nowMs'>,
  brings: readonly BindingState[],
  isRollback: boolean,
): Readonly<Record<string, RolloutTrigger>> {
  const before = entry.rollout;
  const entries = brings.flatMap((known): readonly (readonly [string, RolloutTrigger])[] => {
    const { key } = known.binding;
    if (isRollback) return [[key, { by: 'failure', atMs: nowMs }]];
    const kept = before !== null && targetsDesired(before, known) ? before.triggers?.[key] : undefined;
    const isRequested = entry.requested.includes(key) && kept?.by !== 'operator';
    if (kept !== undefined && !isRequested) return [[key, kept]];
    if (isRequested) return [[key, { by: 'operator', atMs: nowMs }]];
    const found: Noticed | undefined = noticed(key);
    return found === undefined ? [] : [[key, { ...found, atMs: known.seenAtMs }]];
  });
  return Object.fromEntries(entries);
}

/** Why a rollout was started: one cause for each secret that it changes and the service still uses. At most 20. */
export function causesOf(rollout: OpenRollout, bindings: readonly SecretBinding[]): readonly RolloutCause[] {
  const changing = changedValues(rollout);
  return bindings
    .filter(({ key }) => key in changing)
    .slice(0, MAX_CAUSES)
    .map(({ key, secret }) => {
      const { by = null, hook = null, atMs = rollout.changedAtMs } = rollout.triggers?.[key] ?? {};
      const from = rollout.lastGood[key]?.revision;
      return {
        secret: secret.name,
        from: from === undefined ? null : untagRevision(from),
        to: untagRevision(rollout.target[key]?.revision ?? ''),
        noticedBy: by,
        hook,
        noticedAtMs: atMs,
      };
    });
}

/** The causes of a service's rollout. */
export function causeOf({ bindings }: ServiceState, open: OpenRollout): readonly RolloutCause[] {
  return causesOf(
    open,
    bindings.map(({ binding }) => binding),
  );
}
