import { type BindingState, outdatedTasks } from '../bindings/binding-state.ts';
import { type ServiceBindings, unboundKeys } from '../bindings/secret-binding.ts';
import {
  changedValues,
  isNothingOpen,
  isOfRollout,
  type LedgerDocument,
  type LedgerSecret,
  type LedgerService,
  type OpenRollout,
  type PreviousValue,
  type Values,
} from '../ledger/ledger.ts';
import { isKnown, type SecretVersion, sameValue, UNKNOWN_OLDER } from '../ledger/secret-version.ts';
import type { WorkloadTask } from '../ports/orchestrator.ts';
import { addPreviousValue } from './previous-values.ts';
import { type Answered, actualVersion, type CurrentValue, recordedVersion } from './task-revision.ts';

/** What the records of a service's tasks depend on. */
export interface TaskRecordsInput extends ServiceBindings {
  /** The entry before the decision. */
  readonly before: LedgerService;
  /** The entry after the decision. */
  readonly after: LedgerService;
  readonly known: readonly BindingState[];
  /** Whether the running tasks have run long enough to count as healthy. */
  readonly isStable: boolean;
  readonly current: (refKey: string) => CurrentValue | undefined;
  readonly answered: Answered;
  /** The ledger that was read, and the secrets of the next one. */
  readonly ledger: LedgerDocument;
  readonly secrets: Readonly<Record<string, LedgerSecret>>;
}

/**
 * The entry with what the next ledger must record about the tasks; `null` if that is nothing. It records previous
 * values that a task still has, and each task whose known value differs from what the next ledger would say. While a
 * rollout is open, no record is removed, since each of its tasks would cause a write.
 */
export function recordTasks(input: TaskRecordsInput): LedgerService | null {
  const { service, bindings, before, after, known, isStable, current, answered, ledger, secrets } = input;
  const alive = service.tasks.filter(({ state }) => state !== 'ended');
  const isOpen = after.rollout !== null;
  const { target, generation } = after.rollout ?? {};
  const isClosed =
    before.rollout !== null && (before.rollout.target !== target || before.rollout.generation !== generation);
  const recorded = isClosed ? recordRolledOut(before.rollout, input) : after;
  const previousValues: Record<string, readonly PreviousValue[]> = isOpen ? { ...recorded.previousValues } : {};
  const failedBefore: Record<string, SecretVersion> = {};
  const taskOverrides: Record<string, Record<string, SecretVersion>> = {};
  if (isOpen) {
    for (const [id, values] of keptOverrides(before.taskOverrides, alive)) taskOverrides[id] = { ...values };
  }
  for (const key of unboundKeys(service, bindings)) {
    carryOver(before, key, previousValues, taskOverrides);
    if (after.failedBefore[key] !== undefined) failedBefore[key] = after.failedBefore[key];
  }
  const stateOf = new Map(known.map((state) => [state.binding, state]));
  const next = { ...after, previousValues };
  for (const binding of bindings) {
    const { key } = binding;
    const now = current(binding.refKey);
    const state = stateOf.get(binding);
    const failed = after.failedBefore[key];
    if (failed !== undefined) {
      const isTried = state === undefined || isProven(state, failed);
      // A task that starts or has just started may have been given it, also by a manager that did not know better.
      if (now === undefined || !isStable || !isTried) failedBefore[key] = failed;
    }
    const isOutdated = state !== undefined && outdatedTasks(state).length > 0;
    const values = isOutdated ? firstSeen(recorded, key, now, ledger, alive) : [];
    const needed = values.filter(({ untilMs }) => alive.some((task) => task.createdAtMs < untilMs));
    const kept = now === undefined ? (recorded.previousValues[key] ?? []) : isOpen ? [...values] : needed;
    if (kept.length > 0) previousValues[key] = kept;
    let heldIndex = 0;
    for (const task of alive) {
      // The known values are in the order of the tasks.
      const held = state?.actual[heldIndex];
      const isKnownTask = held?.task === task;
      if (isKnownTask) heldIndex += 1;
      const actual = isKnownTask ? held.value : actualVersion(task, binding, now, answered, ledger, before);
      if (actual === undefined || !isKnown(actual)) continue;
      const wouldBe = recordedVersion(task, key, now, { secrets }, next);
      // If nothing else is known of the secret, the earlier record is all there is.
      const isRecorded = before.taskOverrides[task.id]?.[key] !== undefined;
      if (wouldBe === undefined ? !isRecorded : sameValue(actual, wouldBe)) continue;
      const ofTask = taskOverrides[task.id] ?? {};
      ofTask[key] = { revision: actual.revision, digest: actual.digest };
      taskOverrides[task.id] = ofTask;
    }
  }
  const entry: LedgerService = { ...after, previousValues, failedBefore, taskOverrides };
  return isNothingOpen(entry) ? null : entry;
}

/** Whether all outdated tasks, if there are any, have this value. */
function isProven(known: BindingState, value: SecretVersion): boolean {
  const outdated = new Set(outdatedTasks(known));
  return known.actual.every((held) => !outdated.has(held.task) || sameValue(held.value, value));
}

/** How many ended tasks may have a record. If more tasks are alive, their number is the limit. */
const MAX_ENDED_TASKS = 32;

/**
 * The task records that stay while a rollout is open. Records of ended tasks are deleted if there are too many: a task
 * that crashes repeatedly would add one for each start.
 */
function keptOverrides(
  taskOverrides: LedgerService['taskOverrides'],
  alive: readonly WorkloadTask[],
): readonly (readonly [string, Values])[] {
  const entries = Object.entries(taskOverrides);
  const living = new Set(alive.map(({ id }) => id));
  const ofLiving = entries.filter(([id]) => living.has(id));
  const endedCount = entries.length - ofLiving.length;
  return endedCount > Math.max(MAX_ENDED_TASKS, living.size) ? ofLiving : entries;
}

/** Records what a closed rollout delivered, if that differs from what the next ledger says about all tasks. */
function recordRolledOut(closed: OpenRollout, { service, before, after, secrets }: TaskRecordsInput): LedgerService {
  let { previousValues } = after;
  const changing = changedValues(closed);
  const ofRollout = service.tasks.filter(({ generation }) => isOfRollout(before, generation));
  for (const [key, value] of Object.entries(closed.target)) {
    const latest = secrets[key];
    if (latest === undefined || sameValue(latest, value)) continue;
    previousValues = addPreviousValue(previousValues, key, value, key in changing ? ofRollout : service.tasks);
  }
  return { ...after, previousValues };
}

/** Keeps the records of a secret whose labels can't be read now, or that may be used again. */
function carryOver(
  entry: LedgerService,
  key: string,
  earlier: Record<string, readonly PreviousValue[]>,
  taskOverrides: Record<string, Record<string, SecretVersion>>,
): void {
  if (entry.previousValues[key] !== undefined) earlier[key] = entry.previousValues[key];
  for (const [id, values] of Object.entries(entry.taskOverrides)) {
    if (values[key] !== undefined) taskOverrides[id] = { ...taskOverrides[id], [key]: values[key] };
  }
}

/**
 * The previous values of a ref. The ledger may not have known the ref until now, while tasks are certainly older than
 * its value. This is recorded once, since the ledger knows the ref from now on.
 */
function firstSeen(
  entry: LedgerService,
  key: string,
  current: CurrentValue | undefined,
  ledger: LedgerDocument,
  alive: readonly WorkloadTask[],
): readonly PreviousValue[] {
  const values = entry.previousValues[key] ?? [];
  if (current === undefined || ledger.secrets[key] !== undefined || values.length > 0) return values;
  const older = alive.filter((task) => {
    const recorded = recordedVersion(task, key, current, ledger, entry);
    return recorded !== undefined && !sameValue(recorded, current);
  });
  if (older.length === 0) return values;
  return [{ ...UNKNOWN_OLDER, untilMs: Math.max(...older.map(({ createdAtMs }) => createdAtMs)) + 1 }];
}
