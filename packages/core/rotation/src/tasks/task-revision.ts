import type { SecretBinding } from '../bindings/secret-binding.ts';
import { isOfRollout, type LedgerDocument, type LedgerService, type Noticed, quarantineOf } from '../ledger/ledger.ts';
import { type PossibleVersion, type SecretVersion, sameValue, UNKNOWN_OLDER } from '../ledger/secret-version.ts';
import type { WorkloadTask } from '../ports/orchestrator.ts';

/** The provider's current value. */
export interface CurrentValue extends SecretVersion {
  readonly digest: string;
  /** The provider's own time of the value; `null` if it gives none. */
  readonly createdAtMs: number | null;
  /** How this process noticed it. */
  readonly noticed?: Noticed;
}

/** The possible values of a task, from the deliveries of this process. Empty if it did not deliver to the task. */
export type Answered = (taskId: string, secretName: string) => readonly SecretVersion[];

/** How much newer than a task a value must be to count as certainly newer: the times come from two clocks. */
const CLOCK_TOLERANCE_MS = 60_000;

/** The revision that a service's tasks must have: the current value, or the last good one if the current one is quarantined. */
export function desiredVersion(
  entry: LedgerService,
  key: string,
  current: CurrentValue | undefined,
): SecretVersion | undefined {
  return quarantineOf(entry, key)?.lastGood[key] ?? current;
}

/** Which of the possible values counts as delivered to a task: one that is not desired, if there is one. */
export function answeredOf(
  values: readonly SecretVersion[],
  desired: SecretVersion | undefined,
): SecretVersion | undefined {
  return values.find((value) => desired !== undefined && !sameValue(value, desired)) ?? values[0];
}

/**
 * What the ledger says about a task, without the task overrides. The first that applies counts:
 *
 * 1. the target of an open rollout, for tasks of its generation or a later one;
 * 2. the value before a change, for tasks older than that change;
 * 3. the last good value of an open rollout, for tasks of earlier generations;
 * 4. the last good value of a quarantine;
 * 5. the latest value that was seen.
 *
 * Without a ledger entry a task counts as up to date, unless the provider made its value more than a minute after the
 * task.
 *
 * @param current the provider's current value; `undefined` if it is not known.
 */
export function recordedVersion(
  task: WorkloadTask,
  key: string,
  current: CurrentValue | undefined,
  ledger: Pick<LedgerDocument, 'secrets'>,
  entry: LedgerService,
): PossibleVersion | undefined {
  const rollout = entry.rollout !== null && key in entry.rollout.target ? entry.rollout : null;
  if (rollout !== null && task.generation >= rollout.generation) {
    const isUndone = !isOfRollout(entry, task.generation);
    return (isUndone ? quarantineOf(entry, key)?.failed[key] : undefined) ?? rollout.target[key];
  }
  return (
    entry.previousValues[key]?.find(({ untilMs }) => task.createdAtMs < untilMs) ??
    rollout?.lastGood[key] ??
    quarantineOf(entry, key)?.lastGood[key] ??
    ledger.secrets[key] ??
    (current !== undefined && isSurelyOlder(task, current) ? UNKNOWN_OLDER : current)
  );
}

function isSurelyOlder(task: WorkloadTask, { createdAtMs }: CurrentValue): boolean {
  return createdAtMs !== null && task.createdAtMs < createdAtMs - CLOCK_TOLERANCE_MS;
}

/** The value that a task has: from this process's deliveries, else from the ledger; `undefined` if neither knows. */
export function actualVersion(
  task: WorkloadTask,
  binding: SecretBinding,
  current: CurrentValue | undefined,
  answered: Answered,
  ledger: Pick<LedgerDocument, 'secrets'>,
  entry: LedgerService,
): PossibleVersion | undefined {
  const values = answered(task.id, binding.secret.name);
  return (
    (values.length === 0 ? undefined : answeredOf(values, desiredVersion(entry, binding.key, current))) ??
    entry.taskOverrides[task.id]?.[binding.key] ??
    recordedVersion(task, binding.key, current, ledger, entry)
  );
}
