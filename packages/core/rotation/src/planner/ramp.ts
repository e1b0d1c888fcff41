import { changedValues, type OpenRollout, type Values } from '../ledger/ledger.ts';
import type { RotationPolicy } from '../ports/rotation-ports.ts';

/**
 * How many rollouts succeeded. This decides how many services may roll in parallel. The leader keeps it in memory. A
 * new leader starts with few services again, which is always safe.
 */
export interface Ramp {
  /** Of all values, since no service was rolling or a value failed. */
  readonly succeeded: number;
  /** Of one value, by its revision. */
  readonly byRevision: ReadonlyMap<string, number>;
}

/** Nothing has succeeded yet. */
export const RAMP_START: Ramp = { succeeded: 0, byRevision: new Map() };

/** How many values are counted. A value that is dropped starts with few services again. */
const MAX_REVISIONS = 1_000;

/** The results of a plan that change how many rollouts may run in parallel. */
export interface RampChange {
  readonly completed: readonly OpenRollout[];
  /** Revisions that made tasks fail. */
  readonly failed: readonly string[];
  /** Whether no service rolls, and none waits for others to finish. */
  readonly isIdle: boolean;
}

/** The ramp after a plan. Each success allows one more rollout. A failure caused by a value resets the ramp. */
export function nextRamp(ramp: Ramp, { completed, failed, isIdle }: RampChange): Ramp {
  if (isIdle) return RAMP_START;
  if (completed.length === 0 && failed.length === 0) return ramp;
  const byRevision = new Map(ramp.byRevision);
  for (const rollout of completed) {
    for (const revision of revisionsOf(changedValues(rollout))) {
      byRevision.set(revision, (byRevision.get(revision) ?? 0) + 1);
    }
  }
  for (const revision of failed) byRevision.delete(revision);
  for (const oldest of byRevision.keys()) {
    if (byRevision.size <= MAX_REVISIONS) break;
    byRevision.delete(oldest);
  }
  return { succeeded: failed.length > 0 ? 0 : ramp.succeeded + completed.length, byRevision };
}

/** Each revision once, even if several secrets of a service name the same ref. */
function revisionsOf(values: Values): ReadonlySet<string> {
  return new Set(Object.values(values).map(({ revision }) => revision));
}

/** Limits how many services roll in parallel: in total, and per value. */
export class Places {
  readonly #policy: Pick<RotationPolicy, 'maxParallel' | 'maxParallelLimit'>;
  readonly #ramp: Ramp;
  #taken = 0;
  readonly #takenWith = new Map<string, number>();
  #wereEnough = true;

  constructor(policy: Pick<RotationPolicy, 'maxParallel' | 'maxParallelLimit'>, ramp: Ramp) {
    this.#policy = policy;
    this.#ramp = ramp;
  }

  /** Records that a service rolls. */
  take({ direction, ...rollout }: Pick<OpenRollout, 'direction' | 'target' | 'lastGood'>): void {
    this.#taken += 1;
    // The last good values are known to work.
    if (direction === 'rollback') return;
    for (const revision of revisionsOf(changedValues(rollout))) {
      this.#takenWith.set(revision, (this.#takenWith.get(revision) ?? 0) + 1);
    }
  }

  /** Whether one more service may start a rollout with these values. */
  has(values: Values): boolean {
    const isFree =
      this.#taken < this.#window(this.#ramp.succeeded) &&
      [...revisionsOf(values)].every((revision) => {
        return (this.#takenWith.get(revision) ?? 0) < this.#window(this.#ramp.byRevision.get(revision) ?? 0);
      });
    this.#wereEnough &&= isFree;
    return isFree;
  }

  /** Whether no service rolls, and none had to wait for others to finish. */
  get areIdle(): boolean {
    return this.#taken === 0 && this.#wereEnough;
  }

  #window(succeeded: number): number {
    const { maxParallel, maxParallelLimit } = this.#policy;
    return Math.min(maxParallel + succeeded, Math.max(maxParallel, maxParallelLimit));
  }
}
