import { type HeldValue, sameValue } from './held-value.ts';
import type { LedgerDocument, LedgerService } from './ledger.ts';
import type { SecretUse } from './uses.ts';
import type { WorkloadTask } from './workloads.ts';

/** The value that a provider has now. */
export interface CurrentValue extends HeldValue {
  readonly digest: string;
  /** The provider's own time of it, where it tells one. */
  readonly createdAtMs: number | null;
}

/** The values of which a task holds one, as far as this process answered itself; empty where it does not know. */
export type Answered = (taskId: string, secretName: string) => readonly HeldValue[];

/** A value older than any that is known. */
const UNKNOWN_OLDER: HeldValue = { revision: '', digest: null };

/** How much later than a task a value must have been made to be surely newer, since two clocks are compared. */
const CLOCK_TOLERANCE_MS = 60_000;

/**
 * The value that a task holds. In this order: what this process answered to it; what the ledger notes for it; what the
 * ledger notes for tasks of its age; what the ledger has as current. Without a ledger a task counts as current unless
 * the provider made its value more than a minute after the task.
 *
 * @param current what the provider has now.
 */
export function heldBy(
  task: WorkloadTask,
  use: SecretUse,
  current: CurrentValue,
  answered: Answered,
  ledger: LedgerDocument,
  entry: LedgerService,
): HeldValue {
  return (
    answeredTo(task, use, current, answered) ??
    entry.exceptions[task.id]?.[use.key] ??
    notedForAge(task, use.key, current, ledger, entry)
  );
}

/** What this process answered to the task: where several answers are possible, one that is not current. */
export function answeredTo(
  task: WorkloadTask,
  { secret }: SecretUse,
  current: CurrentValue,
  answered: Answered,
): HeldValue | undefined {
  const values = answered(task.id, secret.name);
  return values.find((value) => !sameValue(value, current)) ?? values[0];
}

/** What the ledger says of a task by its age alone. */
export function notedForAge(
  task: WorkloadTask,
  key: string,
  current: CurrentValue,
  ledger: LedgerDocument,
  entry: LedgerService,
): HeldValue {
  const earlier = entry.earlier[key]?.find(({ untilMs }) => task.createdAtMs < untilMs);
  if (earlier !== undefined) return earlier;
  const known = ledger.secrets[key];
  if (known !== undefined) return known;
  const surelyNewer = current.createdAtMs !== null && task.createdAtMs < current.createdAtMs - CLOCK_TOLERANCE_MS;
  return surelyNewer ? UNKNOWN_OLDER : current;
}
