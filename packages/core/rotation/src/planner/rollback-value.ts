import { type BindingState, outdatedTasks } from '../bindings/binding-state.ts';
import { type OpenRollout, quarantineOf } from '../ledger/ledger.ts';
import { isKnown, type SecretVersion, sameValue } from '../ledger/secret-version.ts';
import { isFullyRunning, isStable, type ServiceState } from './service-state.ts';

/**
 * The last good value that a rollback brings. Its quarantine may have ended for a newer value meanwhile. `undefined` if
 * no rollback brings one.
 */
export function broughtBack(rollout: OpenRollout | null, key: string): SecretVersion | undefined {
  return rollout?.direction === 'rollback' ? rollout.target[key] : undefined;
}

/**
 * The value to roll back to if the new one fails. After a rollout that did not succeed, it is the last good value of
 * that rollout. Otherwise it is the value that most outdated tasks have, except values that made tasks fail.
 */
export function rollbackValue(serviceState: ServiceState, known: BindingState): SecretVersion | undefined {
  const { entry } = serviceState;
  const { key } = known.binding;
  // The rollout brings the last good value.
  if (quarantineOf(entry, key) !== undefined) return undefined;
  const { rollout } = entry;
  const isDesired = (value: SecretVersion) => known.desired !== undefined && sameValue(value, known.desired);
  const before = rollout?.lastGood[key];
  // A value that was only delivered along with the others, and did not change, does not count as good.
  if (before !== undefined && !isDesired(before)) return before;
  // The other tasks may still have the value that failed.
  const back = before === undefined ? broughtBack(rollout, key) : undefined;
  if (back !== undefined) return isDesired(back) ? undefined : back;
  const failed = [
    rollout?.direction === 'forward' ? rollout.target[key] : undefined,
    ...entry.quarantines.map((set) => set.failed[key]),
  ];
  const good = mostHeld(known, [...failed, entry.failedBefore[key]]);
  // If the tasks have run for a while with a value that failed before, it is good.
  return good ?? (isStable(serviceState) ? mostHeld(known, failed) : undefined);
}

/** The value that most outdated tasks have, except some values. */
function mostHeld(known: BindingState, except: readonly (SecretVersion | undefined)[]): SecretVersion | undefined {
  const outdated = new Set(outdatedTasks(known));
  const counts = new Map<string, { readonly value: SecretVersion; count: number }>();
  for (const { task, value } of known.actual.toSorted((a, b) => a.task.createdAtMs - b.task.createdAtMs)) {
    const isExcepted = except.some((one) => one !== undefined && sameValue(one, value));
    if (!outdated.has(task) || !isKnown(value) || isExcepted) continue;
    const counted = counts.get(value.revision) ?? { value, count: 0 };
    counted.count += 1;
    counts.set(value.revision, counted);
  }
  return [...counts.values()].toSorted((a, b) => b.count - a.count)[0]?.value;
}

/**
 * Whether the only value to roll back to is one that failed before. If the tasks run for a while with it, it counts as
 * good again.
 */
export function isUnproven(serviceState: ServiceState, known: BindingState): boolean {
  const { service, entry } = serviceState;
  const failed = entry.failedBefore[known.binding.key];
  if (failed === undefined || quarantineOf(entry, known.binding.key) !== undefined) return false;
  if (!isFullyRunning(service) || isStable(serviceState)) return false;
  const outdated = new Set(outdatedTasks(known));
  const isHeld = known.actual.some(({ task, value }) => outdated.has(task) && sameValue(value, failed));
  return isHeld && rollbackValue(serviceState, known) === undefined;
}
