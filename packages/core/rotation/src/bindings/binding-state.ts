import { changedValues, type OpenRollout } from '../ledger/ledger.ts';
import { type PossibleVersion, type SecretVersion, sameValue } from '../ledger/secret-version.ts';
import type { WorkloadTask } from '../ports/orchestrator.ts';
import type { SecretBinding } from './secret-binding.ts';

/** A binding with its desired and actual revisions. */
export interface BindingState {
  readonly binding: SecretBinding;
  /** The value that the tasks must have; `undefined` if it is not known now. */
  readonly desired: SecretVersion | undefined;
  /** When the leader first saw the desired value. */
  readonly seenAtMs: number;
  /** The values that the running tasks have, as far as they are known. */
  readonly actual: readonly { readonly task: WorkloadTask; readonly value: PossibleVersion }[];
}

/**
 * Returns the same bindings, but keeps the previous objects that did not change. With 60,000 bindings, new objects in
 * each pass would live until the next pass, and cost more than the rest of the pass.
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

function isEqual(a: PossibleVersion | undefined, b: PossibleVersion | undefined): boolean {
  if (a === b || a === undefined || b === undefined) return a === b;
  return a.revision === b.revision && a.digest === b.digest && a.formerDigest === b.formerDigest;
}

const NO_TASKS: readonly WorkloadTask[] = [];

/** The running tasks that do not have the desired value. */
export function outdatedTasks({ desired, actual }: BindingState): readonly WorkloadTask[] {
  if (desired === undefined || actual.every(({ value }) => sameValue(value, desired))) return NO_TASKS;
  return actual.filter(({ value }) => !sameValue(value, desired)).map(({ task }) => task);
}

/**
 * The running tasks that have neither the rollout's target nor the value desired now. None if the rollout does not
 * target the secret.
 */
export function pendingTasks(
  { target }: OpenRollout,
  { binding, desired, actual }: BindingState,
): readonly WorkloadTask[] {
  const changing = target[binding.key];
  if (changing === undefined) return [];
  const isReached = (value: PossibleVersion) =>
    sameValue(value, changing) || (desired !== undefined && sameValue(value, desired));
  return actual.filter(({ value }) => !isReached(value)).map(({ task }) => task);
}

/** Whether the only pending tasks are those that the orchestrator does not replace for now. */
export function waitsForNodes(rollout: OpenRollout, bindings: readonly BindingState[]): boolean {
  const without = bindings.flatMap((known) => pendingTasks(rollout, known));
  return without.length > 0 && without.every(({ isKept }) => isKept === true);
}

/** Whether the rollout changes the secret, and another value is desired by now. */
export function isNewer(rollout: OpenRollout, known: BindingState): boolean {
  return known.binding.key in changedValues(rollout) && isOutdated(rollout, known);
}

/** Whether another value is desired by now than the rollout's target, even if the rollout does not change the secret. */
export function isOutdated(rollout: OpenRollout, known: BindingState): boolean {
  return known.binding.key in rollout.target && known.desired !== undefined && !targetsDesired(rollout, known);
}

/** Whether the rollout's target is the desired value of the secret. */
export function targetsDesired({ target }: OpenRollout, { binding, desired }: BindingState): boolean {
  const changing = target[binding.key];
  return changing !== undefined && desired !== undefined && sameValue(changing, desired);
}
