import type { SecretBinding } from '../bindings/secret-binding.ts';
import { isOfRollout, type LedgerDocument, type LedgerService, quarantineOf } from '../ledger/ledger.ts';
import { type SecretVersion, sameValue } from '../ledger/secret-version.ts';
import type { WorkloadTask } from '../ports/orchestrator.ts';

/** The value that a provider has now. */
export interface CurrentValue extends SecretVersion {
  readonly digest: string;
  /** The provider's own time of it, where it tells one. */
  readonly createdAtMs: number | null;
}

/** The values of which a task holds one, as far as this process answered itself; empty where it does not know. */
export type Answered = (taskId: string, secretName: string) => readonly SecretVersion[];

/** A value older than any that is known. */
const UNKNOWN_OLDER: SecretVersion = { revision: '', digest: null };

/** How much later than a task a value must have been made to be surely newer, since two clocks are compared. */
const CLOCK_TOLERANCE_MS = 60_000;

/** Whether it is a value that can be given again, rather than one that only is known to be older. */
export function isKnown(value: SecretVersion): boolean {
  return value.revision !== UNKNOWN_OLDER.revision;
}

/** What a service's tasks shall hold of a secret: its current value, or the last good one where that was quarantined. */
export function desiredVersion(
  entry: LedgerService,
  key: string,
  current: CurrentValue | undefined,
): SecretVersion | undefined {
  return quarantineOf(entry, key)?.lastGood[key] ?? current;
}

/** What this process answered to the task: where several answers are possible, one that is not wanted. */
function answeredTo(
  task: { readonly id: string },
  { secret }: SecretBinding,
  desired: SecretVersion | undefined,
  answered: Answered,
): SecretVersion | undefined {
  const values = answered(task.id, secret.name);
  return values.find((value) => desired !== undefined && !sameValue(value, desired)) ?? values[0];
}

/**
 * What the ledger says of a task, its exceptions aside. In this order: what an open rollout gives to tasks of its
 * generation; the values before changes that the task is older than; what an open rollout gives to tasks of earlier
 * generations; the last good value where one was quarantined; the latest value that was seen. Without a ledger a task
 * counts as current unless the provider made its value more than a minute after the task.
 *
 * @param current what the provider has now; `undefined` where that is not known.
 */
export function recordedVersion(
  task: WorkloadTask,
  key: string,
  current: CurrentValue | undefined,
  ledger: Pick<LedgerDocument, 'secrets'>,
  entry: LedgerService,
): SecretVersion | undefined {
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

/** The value that a task holds: what this process answered to it, else what the ledger says; `undefined` where neither does. */
export function actualVersion(
  task: WorkloadTask,
  binding: SecretBinding,
  current: CurrentValue | undefined,
  answered: Answered,
  ledger: Pick<LedgerDocument, 'secrets'>,
  entry: LedgerService,
): SecretVersion | undefined {
  return (
    answeredTo(task, binding, desiredVersion(entry, binding.key, current), answered) ??
    entry.taskOverrides[task.id]?.[binding.key] ??
    recordedVersion(task, binding.key, current, ledger, entry)
  );
}
