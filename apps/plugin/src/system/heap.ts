import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * From now on, the heap grows by a fifth of its live data at a time instead of a multiple. The process shares a
 * manager for months. Not from the start, because collections would then take twice as long.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=20');
}

/** Runs a full garbage collection, which blocks the process for about 20 ms. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  collect();
}
