import { broughtBy, type OpenRollout } from '../ledger/ledger.ts';
import { type HeldValue, sameValue } from '../ledger/secret-version.ts';
import type { WorkloadTask } from '../ports/orchestrator.ts';
import type { SecretUse } from './secret-binding.ts';

/** What one secret's use by a service comes to: what its running tasks shall hold, and what they do. */
export interface KnownUse {
  readonly use: SecretUse;
  /** What the tasks shall hold; `undefined` where that is not known now. */
  readonly wanted: HeldValue | undefined;
  /** When the leader first saw what is wanted. */
  readonly seenAtMs: number;
  /** What the running tasks hold, as far as it is known. */
  readonly held: readonly { readonly task: WorkloadTask; readonly value: HeldValue }[];
}

/**
 * The same uses, with the objects that they had before where nothing changed: of 60,000 uses new objects in each pass would all
 * live until the next one, and cost more than all the rest of it.
 */
export function withEarlier(uses: readonly KnownUse[], earlier: readonly KnownUse[]): readonly KnownUse[] {
  const kept = uses.map((known, index) => {
    const before = earlier[index];
    return before !== undefined && isUnchanged(known, before) ? before : known;
  });
  return kept.length === earlier.length && kept.every((known, index) => known === earlier[index]) ? earlier : kept;
}

function isUnchanged({ use, wanted, seenAtMs, held }: KnownUse, before: KnownUse): boolean {
  return (
    use === before.use &&
    seenAtMs === before.seenAtMs &&
    isEqual(wanted, before.wanted) &&
    held.length === before.held.length &&
    held.every(({ task, value }, index) => {
      const earlier = before.held[index];
      return task === earlier?.task && isEqual(value, earlier.value);
    })
  );
}

function isEqual(a: HeldValue | undefined, b: HeldValue | undefined): boolean {
  if (a === b || a === undefined || b === undefined) return a === b;
  return a.revision === b.revision && a.digest === b.digest && a.formerDigest === b.formerDigest;
}

const NO_TASKS: readonly WorkloadTask[] = [];

/** The running tasks that do not hold what is wanted. */
export function outdatedTasks({ wanted, held }: KnownUse): readonly WorkloadTask[] {
  if (wanted === undefined || held.every(({ value }) => sameValue(value, wanted))) return NO_TASKS;
  return held.filter(({ value }) => !sameValue(value, wanted)).map(({ task }) => task);
}

/** The running tasks that hold neither what the rollout brings nor what is wanted by now; none where it does not concern the secret. */
export function tasksWithout({ target }: OpenRollout, { use, wanted, held }: KnownUse): readonly WorkloadTask[] {
  const brought = target[use.key];
  if (brought === undefined) return [];
  const isReached = (value: HeldValue) =>
    sameValue(value, brought) || (wanted !== undefined && sameValue(value, wanted));
  return held.filter(({ value }) => !isReached(value)).map(({ task }) => task);
}

/** Whether nothing keeps the rollout from its end but tasks that the orchestrator leaves as they are for now. */
export function waitsForNodes(rollout: OpenRollout, uses: readonly KnownUse[]): boolean {
  const without = uses.flatMap((known) => tasksWithout(rollout, known));
  return without.length > 0 && without.every(({ isKept }) => isKept === true);
}

/** Whether another value is wanted by now of a secret of which the rollout brings a new one. */
export function isNewer(rollout: OpenRollout, known: KnownUse): boolean {
  return known.use.key in broughtBy(rollout) && isOutdated(rollout, known);
}

/** Whether another value is wanted by now than the rollout's tasks are given, be it a new one or one that they had before. */
export function isOutdated(rollout: OpenRollout, known: KnownUse): boolean {
  return known.use.key in rollout.target && known.wanted !== undefined && !bringsWanted(rollout, known);
}

/** Whether the rollout brings what is wanted of the secret. */
export function bringsWanted({ target }: OpenRollout, { use, wanted }: KnownUse): boolean {
  const brought = target[use.key];
  return brought !== undefined && wanted !== undefined && sameValue(brought, wanted);
}
