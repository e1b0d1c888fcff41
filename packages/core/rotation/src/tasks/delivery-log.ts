import type { Clock } from '@vault-swarm/kernel';
import type { SecretValue } from '@vault-swarm/provider';
import { type SecretVersion, tagRevision } from '../ledger/secret-version.ts';
import type { WorkloadTask } from '../ports/orchestrator.ts';

/** What was answered for a secret. */
interface Answer extends SecretVersion {
  readonly refKey: string;
  /** As the provider calls it. */
  readonly ofProvider: string;
  digest: string | null;
  /** A copy of our own, only until its digest is known: no value is held here that is dropped elsewhere. */
  value: SecretValue | null;
}

/** An answer to a task. */
export interface GivenValue {
  readonly secretName: string;
  readonly refKey: string;
  /** As the provider calls it. */
  readonly revision: string;
  readonly value: SecretValue;
}

interface TaskDeliveries {
  /** By the secret's name. More than one where it was asked for again in between. */
  readonly answers: Map<string, readonly Answer[]>;
  recordedAtMs: number;
  /** Since when this process had been the one that is asked, in milliseconds since 1970. */
  readonly leaderSinceMs: number;
  /** Whether a snapshot showed that the task did not run yet, or was not made, after it was answered or while nobody else was asked. */
  seenStarting: boolean;
  /** Whether the task was seen running: its containers hold what they hold. */
  frozen: boolean;
}

const NO_ANSWERS: readonly Answer[] = [];

/** A task is made a moment before it is asked for. No leader follows another, and is asked for its tasks, within this time. */
const MADE_BEFORE_MS = 1_000;

/** How long an answer is kept for a task that no snapshot shows: not yet, or no longer, when it may be asked why it failed. */
const UNSEEN_TASK_MS = 600_000;

/**
 * Which revisions tasks were given, as far as this process answered for them itself. An answer to a task that already
 * ran changes nothing in its containers and is no evidence: the orchestrator asks again when a node reconnects, and a new
 * leader is asked for all tasks of the one before.
 */
export class DeliveryLog {
  readonly #tasks = new Map<string, TaskDeliveries>();
  /** By the latest snapshot. */
  #running: ReadonlySet<string> = new Set();
  #starting: ReadonlySet<string> = new Set();
  /** By the value that was given: a thousand tasks that were given it share one entry. */
  readonly #shared = new WeakMap<SecretValue, readonly [Answer]>();
  /** Whether there is an answer whose digest is not known. */
  #hasUndigested = false;
  /** All tasks; `null` where another process was asked then, or may have been since. */
  #shown: ReadonlySet<string> | null = null;
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #leadershipValidMs: number;
  readonly #digestOf: (value: SecretValue) => string | null;
  /** `null` while another process is asked, in milliseconds since 1970. */
  #leaderSinceMs: number | null = null;
  /** When that was last known, in monotonic milliseconds. */
  #requestedAtMs = Number.NEGATIVE_INFINITY;

  /**
   * @param leadershipValidMs for how long a poll that showed that this node leads may be relied on: others may lead in between,
   * where none follows.
   * @param digestOf the keyed digest of a value; `null` while its key is not known.
   */
  constructor(
    clock: Pick<Clock, 'now' | 'monotonic'>,
    leadershipValidMs: number,
    digestOf: (value: SecretValue) => string | null,
  ) {
    this.#clock = clock;
    this.#digestOf = digestOf;
    this.#leadershipValidMs = leadershipValidMs;
  }

  /** The task was answered so now. */
  record(taskId: string, { secretName, refKey, revision, value }: GivenValue): void {
    const nowMs = this.#clock.now();
    if (this.#clock.monotonic() - this.#requestedAtMs > this.#leadershipValidMs) this.#leaderSinceMs = null;
    if (this.#leaderSinceMs === null) {
      this.#leaderSinceMs = nowMs;
      this.#requestedAtMs = this.#clock.monotonic();
      this.#starting = new Set();
      this.#shown = null;
    }
    if (this.#running.has(taskId)) return;
    let task = this.#tasks.get(taskId);
    if (task === undefined) {
      // What the latest observation of the leader did not show was made since then.
      const seenStarting = this.#starting.has(taskId) || this.#shown?.has(taskId) === false;
      const leaderSinceMs = this.#leaderSinceMs;
      task = { answers: new Map(), recordedAtMs: nowMs, leaderSinceMs, seenStarting, frozen: false };
      this.#tasks.set(taskId, task);
    }
    if (task.frozen) return;
    task.recordedAtMs = nowMs;
    const answers = task.answers.get(secretName) ?? NO_ANSWERS;
    if (answers.some((answer) => answer.refKey === refKey && answer.ofProvider === revision)) return;
    const given = this.#answersWith(refKey, revision, value);
    task.answers.set(secretName, answers.length === 0 ? given : [...answers, ...given]);
  }

  /** Makes the digests of what was answered while none could be made. */
  learnDigests(): void {
    if (!this.#hasUndigested) return;
    this.#hasUndigested = false;
    for (const { answers } of this.#tasks.values()) {
      for (const answer of [...answers.values()].flat()) {
        const { value } = answer;
        if (value === null) continue;
        Object.assign(answer, this.#digested(value));
        value.wipe();
      }
    }
  }

  /**
   * Takes in which tasks there are, and which of them run.
   * @param isAsked whether this node led the cluster then: the leader's plugin is the one that is asked.
   */
  observe(tasks: Iterable<WorkloadTask>, isAsked: boolean): void {
    const nowMs = this.#clock.now();
    this.#leaderSinceMs = isAsked ? (this.#leaderSinceMs ?? nowMs) : null;
    if (isAsked) this.#requestedAtMs = this.#clock.monotonic();
    const alive = new Map<string, WorkloadTask>();
    const shown = new Set<string>();
    const running = new Set<string>();
    const starting = new Set<string>();
    let latestMadeMs = Number.NEGATIVE_INFINITY;
    for (const task of tasks) {
      const { id, state, createdAtMs } = task;
      shown.add(id);
      latestMadeMs = Math.max(latestMadeMs, createdAtMs);
      if (state !== 'ended') alive.set(id, task);
      if (state === 'running') running.add(id);
      if (state === 'starting' && isAsked) starting.add(id);
    }
    this.#shown = isAsked ? shown : null;
    this.#running = running;
    this.#starting = starting;
    // A clock that is behind makes tasks that ran already seem to be made since this process is asked.
    const isBehind = latestMadeMs > nowMs + MADE_BEFORE_MS;
    for (const [id, record] of this.#tasks) {
      const task = alive.get(id);
      if (task === undefined) {
        if (nowMs - record.recordedAtMs > UNSEEN_TASK_MS) this.#tasks.delete(id);
      } else if (task.state === 'starting') {
        record.seenStarting = true;
      } else if (!record.frozen) {
        // Made while another process was asked, so it may have been running already when we were.
        const mayBeEarlier = isBehind || task.createdAtMs < record.leaderSinceMs - MADE_BEFORE_MS;
        if (mayBeEarlier && !record.seenStarting) this.#tasks.delete(id);
        else record.frozen = true;
      }
    }
  }

  /** The values of which the task holds one; empty where this process does not know. */
  values(taskId: string, secretName: string): readonly SecretVersion[] {
    return this.#tasks.get(taskId)?.answers.get(secretName) ?? NO_ANSWERS;
  }

  /** An answer with this value alone: one that is shared where its digest is known, and was made under the present key. */
  #answersWith(refKey: string, ofProvider: string, value: SecretValue): readonly Answer[] {
    const known = this.#shared.get(value);
    if (known !== undefined) {
      const [answer] = known;
      const isSame = answer.refKey === refKey && answer.ofProvider === ofProvider;
      if (isSame && answer.digest === this.#digestOf(value)) return known;
    }
    const made: readonly [Answer] = [
      { refKey, ofProvider, revision: tagRevision(refKey, ofProvider), ...this.#digested(value) },
    ];
    if (made[0].digest !== null) this.#shared.set(value, made);
    return made;
  }

  #digested(value: SecretValue): Pick<Answer, 'digest' | 'value'> {
    const digest = this.#digestOf(value);
    this.#hasUndigested ||= digest === null;
    return { digest, value: digest === null ? value.copy() : null };
  }
}
