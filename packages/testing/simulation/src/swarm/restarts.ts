import type { SimulatedService } from './service.ts';
import type { SimulatedTask } from './task.ts';

/** The restarts of a slot with one spec. A later spec starts at zero. */
interface History {
  readonly spec: SimulatedTask['spec'];
  readonly count: number;
}

/**
 * Which ended tasks Swarm replaces, by the restart policy of their service. As in swarmkit's restart supervisor, the
 * limit of attempts counts per slot and version of the spec.
 */
export class Restarts {
  readonly #histories = new WeakMap<SimulatedService, Map<number, History>>();

  /** Whether a task that ended, or has to leave its node, is replaced. */
  mayRestart(service: SimulatedService, { slot, spec, isCompleted }: SimulatedTask): boolean {
    const { condition, maxAttempts } = spec.restart;
    if (condition === 'none' || (condition === 'on-failure' && isCompleted)) return false;
    if (maxAttempts === 0) return true;
    const history = this.#histories.get(service)?.get(slot);
    return history?.spec !== spec || history.count < maxAttempts;
  }

  /** A task was replaced by this one. */
  restarted(service: SimulatedService, { slot, spec }: SimulatedTask): void {
    const histories = this.#histories.get(service) ?? new Map<number, History>();
    const before = histories.get(slot);
    histories.set(slot, { spec, count: (before?.spec === spec ? before.count : 0) + 1 });
    this.#histories.set(service, histories);
  }
}
