import type { Clock } from '@vault-swarm/kernel';
import type { SecretValue } from '@vault-swarm/provider';
import { type SecretVersion, tagRevision } from '../ledger/secret-version.ts';
import type { WorkloadTask } from '../ports/orchestrator.ts';

/** What was delivered for a secret. */
interface Answer extends SecretVersion {
  readonly refKey: string;
  /** The revision in the provider's format. */
  readonly ofProvider: string;
  digest: string | null;
  /** Our own copy, kept only until its digest is known. So no value stays here after the cache dropped it. */
  value: SecretValue | null;
}

/** A delivery to a task. */
export interface GivenValue {
  readonly secretName: string;
  readonly refKey: string;
  /** The revision in the provider's format. */
  readonly revision: string;
  readonly value: SecretValue;
}

interface TaskDeliveries {
  /** By the secret's name. More than one if the task requested it again in between. */
  readonly answers: Map<string, readonly Answer[]>;
  recordedAtMs: number;
  /** The same, in monotonic milliseconds. */
  recordedAtMonotonicMs: number;
  /** Since when the orchestrator had been asking this process and no other one, in milliseconds since 1970. */
  readonly leaderSinceMs: number;
  /**
   * Whether a snapshot showed that the task had not run when this process answered. It was starting after the answer or
   * before it while only this process was asked, or it did not exist yet.
   */
  seenStarting: boolean;
  /** Whether the task was seen running. Its containers keep the values that they have. */
  frozen: boolean;
}

const NO_ANSWERS: readonly Answer[] = [];

/**
 * A task is created a moment before its secrets are requested. No new leader is elected and asked for its tasks in this
 * time.
 */
const MADE_BEFORE_MS = 1_000;

/**
 * How long deliveries to a task that is in no snapshot are kept. It may not be visible yet, or have ended and be needed
 * as the cause of a failure.
 */
const UNSEEN_TASK_MS = 600_000;

/**
 * Which revisions tasks were given, as far as this process delivered them. A delivery to a task that already ran
 * changes nothing in its containers, so it does not count. Such requests occur when a node reconnects, or when a new
 * leader is asked for all tasks.
 */
export class DeliveryLog {
  readonly #tasks = new Map<string, TaskDeliveries>();
  /** In the latest snapshot. */
  #running: ReadonlySet<string> = new Set();
  #starting: ReadonlySet<string> = new Set();
  /** By the delivered value: a thousand tasks with the same value share one entry. */
  readonly #shared = new WeakMap<SecretValue, readonly [Answer]>();
  /** Whether a delivery has no digest yet. */
  #hasUndigested = false;
  /** All tasks in the latest snapshot; `null` if another process was asked then, or may have been asked since. */
  #shown: ReadonlySet<string> | null = null;
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #leadershipValidMs: number;
  readonly #digestOf: (value: SecretValue) => string | null;
  /** Since when this process is asked, in milliseconds since 1970; `null` while another one is. */
  #leaderSinceMs: number | null = null;
  /** When this process last knew that it is asked, in monotonic milliseconds. */
  #requestedAtMs = Number.NEGATIVE_INFINITY;

  /**
   * @param leadershipValidMs how long an observation of this node as the leader stays valid. If no newer one follows,
   * another node may have led in between.
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

  /** Records a delivery that was made now. */
  record(taskId: string, { secretName, refKey, revision, value }: GivenValue): void {
    const [nowMs, monotonicMs] = [this.#clock.now(), this.#clock.monotonic()];
    if (monotonicMs - this.#requestedAtMs > this.#leadershipValidMs) this.#leaderSinceMs = null;
    if (this.#leaderSinceMs === null) {
      this.#leaderSinceMs = nowMs;
      this.#requestedAtMs = monotonicMs;
      this.#starting = new Set();
      this.#shown = null;
    }
    if (this.#running.has(taskId)) return;
    let task = this.#tasks.get(taskId);
    if (task === undefined) {
      // A task that was not in the leader's latest snapshot was created after it.
      const seenStarting = this.#starting.has(taskId) || this.#shown?.has(taskId) === false;
      const leaderSinceMs = this.#leaderSinceMs;
      const recorded = { recordedAtMs: nowMs, recordedAtMonotonicMs: monotonicMs };
      task = { answers: new Map(), ...recorded, leaderSinceMs, seenStarting, frozen: false };
      this.#tasks.set(taskId, task);
    }
    if (task.frozen) return;
    task.recordedAtMs = nowMs;
    task.recordedAtMonotonicMs = monotonicMs;
    const answers = task.answers.get(secretName) ?? NO_ANSWERS;
    if (answers.some((answer) => answer.refKey === refKey && answer.ofProvider === revision)) return;
    const given = this.#answersWith(refKey, revision, value);
    task.answers.set(secretName, answers.length === 0 ? given : [...answers, ...given]);
  }

  /** Computes the digests of values that were delivered while the key was not known. */
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
   * Records which tasks exist, and which of them run.
   * @param isAsked whether this node was the leader then: the orchestrator asks only the leader's plugin.
   * @param startedAtMs when the observation started, in monotonic milliseconds: the answer can be that old.
   */
  observe(tasks: Iterable<WorkloadTask>, isAsked: boolean, startedAtMs: number): void {
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
    // If this clock is behind, tasks that already ran seem to be created since this process is asked.
    const isBehind = latestMadeMs > nowMs + MADE_BEFORE_MS;
    for (const [id, record] of this.#tasks) {
      const task = alive.get(id);
      if (task === undefined) {
        if (nowMs - record.recordedAtMs > UNSEEN_TASK_MS) this.#tasks.delete(id);
      } else if (task.state === 'starting') {
        record.seenStarting ||= record.recordedAtMonotonicMs <= startedAtMs;
      } else if (!record.frozen) {
        // The task was created while another process was asked. It may already have run when this process answered.
        const mayBeEarlier = isBehind || task.createdAtMs < record.leaderSinceMs - MADE_BEFORE_MS;
        if (mayBeEarlier && !record.seenStarting) this.#tasks.delete(id);
        else record.frozen = true;
      }
    }
  }

  /** The possible values of the task; empty if this process does not know. */
  values(taskId: string, secretName: string): readonly SecretVersion[] {
    return this.#tasks.get(taskId)?.answers.get(secretName) ?? NO_ANSWERS;
  }

  /** A list with only this answer. It is shared if its digest is known and was made with the present key. */
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
