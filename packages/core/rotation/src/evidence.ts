import type { WorkloadTask } from './workloads.ts';

interface TaskEvidence {
  /** Revisions answered for each ref before the task ran. More than one where it was asked again in between. */
  readonly revisions: Map<string, Set<string>>;
  recordedAtMs: number;
  /** Whether a snapshot showed the task before it ran, after it was answered. */
  seenStarting: boolean;
  /** Whether the task was seen running: its containers hold what they hold. */
  frozen: boolean;
}

/** How long an answer for a task that no snapshot has shown is kept. */
const UNSEEN_TASK_MS = 600_000;

/**
 * Which revisions tasks were given, as far as this process answered for them itself. An answer to a task that already
 * ran (the orchestrator asks again when a node reconnects) changes nothing in its containers and is no evidence.
 */
export class Evidence {
  readonly #startedAtMs: number;
  readonly #tasks = new Map<string, TaskEvidence>();
  #running: ReadonlySet<string> = new Set();

  /** @param startedAtMs when this process began to answer, in milliseconds since 1970. */
  constructor(startedAtMs: number) {
    this.#startedAtMs = startedAtMs;
  }

  /** The task was answered with this revision now. */
  record(taskId: string, refKey: string, revision: string, nowMs: number): void {
    if (this.#running.has(taskId)) return;
    let task = this.#tasks.get(taskId);
    if (task === undefined) {
      task = { revisions: new Map(), recordedAtMs: nowMs, seenStarting: false, frozen: false };
      this.#tasks.set(taskId, task);
    }
    if (task.frozen) return;
    task.recordedAtMs = nowMs;
    const revisions = task.revisions.get(refKey);
    if (revisions === undefined) task.revisions.set(refKey, new Set([revision]));
    else revisions.add(revision);
  }

  /** Takes in which tasks there are, and which of them run. */
  observe(tasks: Iterable<WorkloadTask>, nowMs: number): void {
    const alive = new Map<string, WorkloadTask>();
    for (const task of tasks) if (task.state !== 'ended') alive.set(task.id, task);
    this.#running = new Set([...alive.values()].filter(({ state }) => state === 'running').map(({ id }) => id));
    for (const [id, evidence] of this.#tasks) {
      const task = alive.get(id);
      if (task === undefined) {
        if (evidence.frozen || nowMs - evidence.recordedAtMs > UNSEEN_TASK_MS) this.#tasks.delete(id);
      } else if (task.state === 'starting') {
        evidence.seenStarting = true;
      } else if (!evidence.frozen) {
        // Made before we answered anything, so it may have been running already when it was asked for.
        if (task.createdAtMs < this.#startedAtMs && !evidence.seenStarting) this.#tasks.delete(id);
        else evidence.frozen = true;
      }
    }
  }

  /** The revisions of which the task holds one; empty where this process does not know. */
  revisions(taskId: string, refKey: string): readonly string[] {
    return [...(this.#tasks.get(taskId)?.revisions.get(refKey) ?? [])];
  }
}
