import { changedValues, type OpenRollout } from '../ledger/ledger.ts';
import { type SecretVersion, sameValue } from '../ledger/secret-version.ts';
import type { WorkloadTask } from '../ports/orchestrator.ts';
import type { SecretBinding } from './secret-binding.ts';

/** What one secret's use by a service comes to: what its running tasks shall hold, and what they do. */
export interface BindingState {
  readonly binding: SecretBinding;
  /** What the tasks shall hold; `undefined` where that is not known now. */
  readonly desired: SecretVersion | undefined;
  /** When the leader first saw what is wanted. */
  readonly seenAtMs: number;
  /** What the running tasks hold, as far as it is known. */
  readonly actual: readonly { readonly task: WorkloadTask; readonly value: SecretVersion }[];
}

/**
 * The same uses, with the objects that they had before where nothing changed: of 60,000 uses new objects in each pass would all
 * live until the next one, and cost more than all the rest of it.
 */
export function withEarlier(
  bindings: readonly BindingState[],
  earlier: readonly BindingState[],
): readonly BindingState[] {
  const kept = bindings.map((known, index) => {
    const before = earlier[index];
    return before !== undefined && isUnchanged(known, before) ? before : known;
  });
  return kept.length === earlier.length && kept.every((known, index) => known === earlier[index]) ? earlier : kept;
}

function isUnchanged({ binding, desired, seenAtMs, actual }: BindingState, before: BindingState): boolean {
  return (
    binding === before.binding &&
    seenAtMs === before.seenAtMs &&
    isEqual(desired, before.desired) &&
    actual.length === before.actual.length &&
    actual.every(({ task, value }, index) => {
      const earlier = before.actual[index];
      return task === earlier?.task && isEqual(value, earlier.value);
    })
  );
}

function isEqual(a: SecretVersion | undefined, b: SecretVersion | undefined): boolean {
  if (a === b || a === undefined || b === undefined) return a === b;
  return a.revision === b.revision && a.digest === b.digest && a.formerDigest === b.formerDigest;
}

const NO_TASKS: readonly WorkloadTask[] = [];

/** The running tasks that do not hold what is wanted. */
export function outdatedTasks({ desired, actual }: BindingState): readonly WorkloadTask[] {
  if (desired === undefined || actual.every(({ value }) => sameValue(value, desired))) return NO_TASKS;
  return actual.filter(({ value }) => !sameValue(value, desired)).map(({ task }) => task);
}

/** The running tasks that hold neither what the rollout brings nor what is wanted by now; none where it does not concern the secret. */
export function pendingTasks(
  { target }: OpenRollout,
  { binding, desired, actual }: BindingState,
): readonly WorkloadTask[] {
  const changing = target[binding.key];
  if (changing === undefined) return [];
  const isReached = (value: SecretVersion) =>
    sameValue(value, changing) || (desired !== undefined && sameValue(value, desired));
  return actual.filter(({ value }) => !isReached(value)).map(({ task }) => task);
}

/** Whether nothing keeps the rollout from its end but tasks that the orchestrator leaves as they are for now. */
export function waitsForNodes(rollout: OpenRollout, bindings: readonly BindingState[]): boolean {
  const without = bindings.flatMap((known) => pendingTasks(rollout, known));
  return without.length > 0 && without.every(({ isKept }) => isKept === true);
}

/** Whether another value is wanted by now of a secret of which the rollout brings a new one. */
export function isNewer(rollout: OpenRollout, known: BindingState): boolean {
  return known.binding.key in changedValues(rollout) && isOutdated(rollout, known);
}

/** Whether another value is wanted by now than the rollout's tasks are given, be it a new one or one that they had before. */
export function isOutdated(rollout: OpenRollout, known: BindingState): boolean {
  return known.binding.key in rollout.target && known.desired !== undefined && !targetsDesired(rollout, known);
}

/** Whether the rollout brings what is wanted of the secret. */
export function targetsDesired({ target }: OpenRollout, { binding, desired }: BindingState): boolean {
  const changing = target[binding.key];
  return changing !== undefined && desired !== undefined && sameValue(changing, desired);
}
