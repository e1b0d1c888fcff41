import type { ProductEvent } from '@vault-swarm/provider';
import { unboundKeys } from '../bindings/secret-binding.ts';
import type { LedgerSecret } from '../ledger/ledger.ts';
import { sameValue, untagRevision } from '../ledger/secret-version.ts';
import type { PlanInput } from './plan-input.ts';

/** The secrets of the next ledger, and what changed in them. */
export interface SecretsPlan {
  readonly secrets: Readonly<Record<string, LedgerSecret>>;
  /** The previous values of secrets whose delivered bytes changed, by ledger key. */
  readonly replaced: ReadonlyMap<string, LedgerSecret>;
  readonly events: readonly ProductEvent[];
}

/**
 * Copies the providers' current values into the ledger. A new value gets the current time as the time it was first
 * seen. A new revision of the same bytes keeps its time. Secrets that no service uses, or may use again, are left out.
 *
 * It asks for the current value of each ref in one go. So all values of a plan are of the same polls: no service gets
 * the user name of one poll and the password of a later one.
 */
export function planSecrets(input: Pick<PlanInput, 'nowMs' | 'services' | 'current' | 'ledger'>): SecretsPlan {
  const secrets: Record<string, LedgerSecret> = {};
  const replaced = new Map<string, LedgerSecret>();
  const changes = new Map<string, { event: Extract<ProductEvent, { type: 'revision.changed' }>; names: Set<string> }>();
  for (const { bindings } of input.services) {
    for (const { key, refKey, ref, secret } of bindings) {
      const current = input.current(refKey);
      const known = input.ledger.secrets[key];
      changes.get(key)?.names.add(secret.name);
      if (secrets[key] !== undefined) continue;
      if (current === undefined) {
        if (known !== undefined) secrets[key] = known;
        continue;
      }
      const { revision, digest, formerDigest = null } = current;
      if (known?.revision === revision && known.digest === digest) {
        // The clock was set back, or another manager's is ahead. A debounce would wait for too long.
        secrets[key] = known.seenAtMs > input.nowMs ? { ...known, seenAtMs: input.nowMs } : known;
        continue;
      }
      const valueChanged = known !== undefined && !sameValue(known, current);
      const seenAtMs = known === undefined || valueChanged ? input.nowMs : known.seenAtMs;
      // What is known of the tasks is compared with the former digest too. It is not written.
      const noticed = valueChanged ? current.noticed : known?.noticed;
      secrets[key] = { revision, digest, formerDigest, seenAtMs, ...(noticed === undefined ? {} : { noticed }) };
      if (known === undefined) continue;
      if (valueChanged) replaced.set(key, known);
      changes.set(key, {
        names: new Set([secret.name]),
        event: {
          type: 'revision.changed',
          provider: ref.provider,
          secrets: [],
          revision: untagRevision(revision),
          previous: untagRevision(known.revision),
          createdAtMs: current.createdAtMs,
          valueChanged,
          ...(current.noticed === undefined ? {} : { noticedBy: current.noticed.by }),
          ...(current.noticed?.hook === undefined ? {} : { hook: current.noticed.hook }),
        },
      });
    }
  }
  for (const key of input.services.flatMap(({ service, bindings }) => unboundKeys(service, bindings))) {
    const known = input.ledger.secrets[key];
    if (known !== undefined) secrets[key] ??= known;
  }
  return {
    secrets,
    replaced,
    events: [...changes.values()].map(({ event, names }) => ({ ...event, secrets: [...names] })),
  };
}
