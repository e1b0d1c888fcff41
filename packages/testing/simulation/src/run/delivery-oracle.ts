import type { DriverAnswer } from '../plugin/cluster.ts';

/** What the driver answered to tasks before they ran, and what of that may have got lost with a process. */
export class DeliveryOracle {
  /** By task: who answered last to it, and when. */
  readonly #latest = new Map<string, { readonly manager: string; readonly timeMs: number }>();
  /** By task and secret. */
  readonly #texts = new Map<string, string>();
  readonly #requestedTwice = new Set<string>();
  readonly #unnoted = new Set<string>();

  /** A task that does not run yet was given something. */
  given({ manager, task, secret, given }: DriverAnswer, timeMs: number): void {
    const key = `${task.id} ${secret.name}`;
    const before = this.#texts.get(key);
    const text = given?.text ?? '';
    this.#latest.set(task.id, { manager, timeMs });
    this.#texts.set(key, text);
    if (before !== undefined && before !== text) this.#requestedTwice.add(task.id);
  }

  /** When a task was last given something before it ran. */
  lastAtMs(taskId: string): number {
    return this.#latest.get(taskId)?.timeMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Whether this manager answered last to a task before it ran. */
  isBy(taskId: string, manager: string): boolean {
    return this.#latest.get(taskId)?.manager === manager;
  }

  /** A process ended: it has not recorded what it gave since then. */
  lost(manager: string, sinceMs: number): void {
    for (const [taskId, answer] of this.#latest) {
      if (answer.manager === manager && answer.timeMs > sinceMs) this.#unnoted.add(taskId);
    }
  }

  /** A task was answered that may have run already while another process was asked. */
  isNoEvidence(taskId: string): void {
    this.#unnoted.add(taskId);
  }

  /** Whatever was not recorded is outdated by now, and known to be. */
  everythingChanged(): void {
    this.#unnoted.clear();
  }

  /** Whether what a task was given may not be recorded. */
  mayBeUnrecorded(taskId: string): boolean {
    return this.#unnoted.has(taskId);
  }

  /** Whether a task was given one value and then another before it ran. */
  isRequestedTwice(taskId: string): boolean {
    return this.#requestedTwice.has(taskId);
  }
}
