import { type KnownUse, outdatedTasks } from '../bindings/binding-state.ts';
import { formerKeys, type ServiceUses, unreadKeys } from '../bindings/secret-binding.ts';
import {
  broughtBy,
  type EarlierValue,
  isNothingOpen,
  isOfRollout,
  type LedgerDocument,
  type LedgerSecret,
  type LedgerService,
  type OpenRollout,
} from '../ledger/ledger.ts';
import { type HeldValue, sameValue } from '../ledger/secret-version.ts';
import type { WorkloadTask } from '../ports/orchestrator.ts';
import { noteEarlier } from './previous-values.ts';
import { type Answered, type CurrentValue, heldBy, isKnown, notedFor } from './task-revision.ts';

/** What the noting of a service's tasks depends on. */
export interface RememberInput extends ServiceUses {
  /** As the decision found it. */
  readonly before: LedgerService;
  /** As the decision left it. */
  readonly after: LedgerService;
  readonly known: readonly KnownUse[];
  readonly current: (refKey: string) => CurrentValue | undefined;
  readonly answered: Answered;
  /** The ledger that was read, and the secrets of the next one. */
  readonly ledger: LedgerDocument;
  readonly secrets: Readonly<Record<string, LedgerSecret>>;
}

/**
 * The entry with what the next ledger needs to say about the tasks, or `null` where that is nothing: earlier values that
 * a task still holds, and tasks of which what is known now is something else than the next ledger would say. While a
 * rollout is open nothing is taken out, since each of its tasks would be a write.
 */
export function remember(input: RememberInput): LedgerService | null {
  const { service, uses, before, after, known, current, answered, ledger, secrets } = input;
  const alive = service.tasks.filter(({ state }) => state !== 'ended');
  const isOpen = after.rollout !== null;
  const noted =
    before.rollout === null || before.rollout === after.rollout ? after : noteRolledOut(before.rollout, input);
  const earlier: Record<string, readonly EarlierValue[]> = isOpen ? { ...noted.earlier } : {};
  const exceptions: Record<string, Record<string, HeldValue>> = {};
  if (isOpen) for (const [id, values] of Object.entries(before.exceptions)) exceptions[id] = { ...values };
  for (const key of [...unreadKeys(service, uses), ...formerKeys(service)]) carryOver(before, key, earlier, exceptions);
  const outdated = new Set(known.filter((one) => outdatedTasks(one).length > 0).map(({ use }) => use));
  for (const use of uses) {
    const { key } = use;
    const now = current(use.refKey);
    const values = outdated.has(use) ? firstSeen(noted, key, now, ledger, alive) : [];
    const needed = values.filter(({ untilMs }) => alive.some((task) => task.createdAtMs < untilMs));
    const kept = now === undefined ? (noted.earlier[key] ?? []) : isOpen ? [...values] : needed;
    if (kept.length > 0) earlier[key] = kept;
    const next = { ...after, earlier };
    for (const task of alive) {
      const held = heldBy(task, use, now, answered, ledger, before);
      if (held === undefined || !isKnown(held)) continue;
      const wouldBe = notedFor(task, key, now, { secrets }, next);
      // Where nothing else is known of the secret, what was noted before is all that there is.
      const isNoted = before.exceptions[task.id]?.[key] !== undefined;
      if (wouldBe === undefined ? !isNoted : sameValue(held, wouldBe)) continue;
      const ofTask = exceptions[task.id] ?? {};
      ofTask[key] = { revision: held.revision, digest: held.digest };
      exceptions[task.id] = ofTask;
    }
  }
  const entry: LedgerService = { ...after, earlier, exceptions };
  return isNothingOpen(entry) ? null : entry;
}

/** What a rollout that is closed now gave to tasks, where that is not what the next ledger says of all of them. */
function noteRolledOut(closed: OpenRollout, { service, before, after, secrets }: RememberInput): LedgerService {
  let { earlier } = after;
  const brought = broughtBy(closed);
  const ofRollout = service.tasks.filter(({ generation }) => isOfRollout(before, generation));
  for (const [key, value] of Object.entries(closed.target)) {
    const latest = secrets[key];
    if (latest === undefined || sameValue(latest, value)) continue;
    earlier = noteEarlier(earlier, key, value, key in brought ? ofRollout : service.tasks);
  }
  return { ...after, earlier };
}

/** What is noted of a secret whose labels can't be read now, or which may be used again, stays as it is. */
function carryOver(
  entry: LedgerService,
  key: string,
  earlier: Record<string, readonly EarlierValue[]>,
  exceptions: Record<string, Record<string, HeldValue>>,
): void {
  if (entry.earlier[key] !== undefined) earlier[key] = entry.earlier[key];
  for (const [id, values] of Object.entries(entry.exceptions)) {
    if (values[key] !== undefined) exceptions[id] = { ...exceptions[id], [key]: values[key] };
  }
}

/**
 * The earlier values of a ref. Where the ledger did not know the ref until now, and tasks are surely older than its
 * value, that is noted once, since from now on the ledger knows the ref.
 */
function firstSeen(
  entry: LedgerService,
  key: string,
  current: CurrentValue | undefined,
  ledger: LedgerDocument,
  alive: readonly WorkloadTask[],
): readonly EarlierValue[] {
  const values = entry.earlier[key] ?? [];
  if (current === undefined || ledger.secrets[key] !== undefined || values.length > 0) return values;
  const older = alive.filter((task) => {
    const noted = notedFor(task, key, current, ledger, entry);
    return noted !== undefined && !sameValue(noted, current);
  });
  if (older.length === 0) return values;
  return [{ revision: '', digest: null, untilMs: Math.max(...older.map(({ createdAtMs }) => createdAtMs)) + 1 }];
}
