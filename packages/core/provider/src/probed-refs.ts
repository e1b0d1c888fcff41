import type { CallBudget } from './call-budget.ts';
import { ProviderError } from './provider-error.ts';
import type { ProbeResult } from './secret-provider.ts';
import { describeRef, refKey, type SecretRef } from './secret-ref.ts';

/** The results of a probe so far, by ref key. */
export type ProbeResults = Map<string, ProbeResult>;

/** Finds the locations of refs. A ref without a location gets its error as its result. */
export function locateRefs<Location>(
  refs: readonly SecretRef[],
  locationOf: (ref: SecretRef) => Location,
  results: ProbeResults,
): ReadonlyMap<SecretRef, Location> {
  const located = new Map<SecretRef, Location>();
  for (const ref of refs) {
    try {
      located.set(ref, locationOf(ref));
    } catch (error) {
      const failure = ProviderError.from(error, `${describeRef(ref)}: the ref can't be used`);
      results.set(refKey(ref), { kind: 'failed', error: failure });
    }
  }
  return located;
}

/** Postpones probes while the call budget is used up, except for refs that were never probed. */
export class ProbedRefs {
  readonly #budget: CallBudget;
  #keys: ReadonlySet<string> = new Set();

  constructor(budget: CallBudget) {
    this.#budget = budget;
  }

  /** Whether this probe is postponed. All refs without a result get that as their result then. */
  postpone(refs: readonly SecretRef[], results: ProbeResults): boolean {
    const keys = refs.map(refKey);
    if (this.#budget.isUsedUp && keys.every((key) => this.#keys.has(key))) {
      for (const key of keys) if (!results.has(key)) results.set(key, { kind: 'postponed' });
      return true;
    }
    this.#keys = new Set(keys);
    return false;
  }
}
