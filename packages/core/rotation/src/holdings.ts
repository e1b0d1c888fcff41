import { type HeldValue, sameValue } from './held-value.ts';
import type { LedgerDocument, LedgerService } from './ledger.ts';
import type { WorkloadTask } from './workloads.ts';

/** The value that a provider has now. */
export interface CurrentValue extends HeldValue {
  readonly digest: string;
  /** The provider's own time of it, where it tells one. */
  readonly createdAtMs: number | null;
}

/** What this process itself answered to tasks, and the digests of the revisions it has read. */
export interface Knowledge {
  /** The revisions of which the task holds one; empty where unknown. */
  revisions(taskId: string, refKey: string): readonly string[];
  /** `null` for a revision that was never read. */
  digest(refKey: string, revision: string): string | null;
}

/** A ref under both of its names: the one in memory, and the one in the ledger. */
export interface Keys {
  readonly refKey: string;
  readonly ledgerKey: string;
}

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
  keys: Keys,
  current: CurrentValue,
  knowledge: Knowledge,
  ledger: LedgerDocument,
  entry: LedgerService,
): HeldValue {
  return answeredTo(task, keys, current, knowledge) ?? noted(task, keys, current, ledger, entry);
}

/** What this process answered to the task: where several answers are possible, one that is not current. */
export function answeredTo(
  task: WorkloadTask,
  { refKey }: Keys,
  current: CurrentValue,
  knowledge: Knowledge,
): HeldValue | undefined {
  const answers = knowledge
    .revisions(task.id, refKey)
    .map((revision): HeldValue => ({ revision, digest: knowledge.digest(refKey, revision) }));
  return answers.find((answer) => !sameValue(answer, current)) ?? answers[0];
}

function noted(
  task: WorkloadTask,
  { ledgerKey }: Keys,
  current: CurrentValue,
  ledger: LedgerDocument,
  entry: LedgerService,
): HeldValue {
  return entry.exceptions[task.id]?.[ledgerKey] ?? notedForAge(task, ledgerKey, current, ledger, entry);
}

/** What the ledger says of a task by its age alone. */
export function notedForAge(
  task: WorkloadTask,
  ledgerKey: string,
  current: CurrentValue,
  ledger: LedgerDocument,
  entry: LedgerService,
): HeldValue {
  const earlier = entry.earlier[ledgerKey]?.find(({ untilMs }) => task.createdAtMs < untilMs);
  if (earlier !== undefined) return earlier;
  const known = ledger.secrets[ledgerKey];
  if (known !== undefined) return known;
  const surelyNewer = current.createdAtMs !== null && task.createdAtMs < current.createdAtMs - CLOCK_TOLERANCE_MS;
  return surelyNewer ? UNKNOWN_OLDER : current;
}
