import type { ProductEvent } from '@vault-swarm/provider';

/**
 * Counts rotations and rotation errors since the start of the process. One rotation is one service all of whose tasks
 * reached the new revisions in one rollout; one error is a rollout that was paused, rolled back, is stuck, or could
 * not be started. Both only grow.
 */
export class RotationCounters {
  #rotations = 0;
  #errors = 0;

  get rotations(): number {
    return this.#rotations;
  }

  get errors(): number {
    return this.#errors;
  }

  /** Takes note of `event`; most kinds count nothing. */
  observe(event: ProductEvent): void {
    if (event.type === 'rollout.completed') this.#rotations += 1;
    if (event.type === 'rollout.failed') this.#errors += 1;
  }
}

/**
 * Errors per hundred rotations, rounded to two decimals and at most 100: 42 rotations and 2 errors give 4.76. It is 100
 * where there were errors and no rotation, 0 where there was neither.
 */
export function errorRate(rotations: number, errors: number): number {
  if (errors === 0) return 0;
  if (rotations === 0) return 100;
  return Math.min(100, Math.round((10_000 * errors) / rotations) / 100);
}
