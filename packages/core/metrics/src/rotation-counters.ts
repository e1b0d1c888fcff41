import type { ProductEvent } from '@vault-swarm/provider';

/**
 * Counts rotations and rotation errors since the start of the process. A rotation is one rollout in which all tasks of
 * one service got the new revisions. An error is a rollout that was paused, was rolled back, is stuck, or could not be
 * started. Both counters only increase.
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

  /** Counts `event`. Most events change no counter. */
  observe(event: ProductEvent): void {
    if (event.type === 'rollout.completed') this.#rotations += 1;
    if (event.type === 'rollout.failed') this.#errors += 1;
  }
}

/**
 * Errors per hundred rotations, rounded to two decimals and at most 100: 42 rotations and 2 errors give 4.76. Without
 * rotations it is 100 if there were errors, else 0.
 */
export function errorRate(rotations: number, errors: number): number {
  if (errors === 0) return 0;
  if (rotations === 0) return 100;
  return Math.min(100, Math.round((10_000 * errors) / rotations) / 100);
}
