import type { Clock } from '@vault-swarm/kernel';
import { type AccessGuard, type IneffectiveRule, unusedRules } from '@vault-swarm/provider';

/** The check compares each rule with each service, so its result is used for this time. */
const KEPT_MS = 60_000;

/** Finds the rules of the access policy without effect in this cluster: the mistyped name of a stack, for example. */
export class UnusedRules {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #access: Pick<AccessGuard, 'policy'>;
  readonly #consumers: () => Parameters<typeof unusedRules>[1] | null;
  #kept: {
    readonly atMs: number;
    readonly of: AccessGuard['policy'];
    readonly rules: readonly IneffectiveRule[];
  } | null = null;

  /** @param consumers the services with the refs of their secrets; `null` before the cluster was observed. */
  constructor(
    clock: Pick<Clock, 'monotonic'>,
    access: Pick<AccessGuard, 'policy'>,
    consumers: () => Parameters<typeof unusedRules>[1] | null,
  ) {
    this.#clock = clock;
    this.#access = access;
    this.#consumers = consumers;
  }

  /** The rules; none before the cluster was observed. */
  list(): readonly IneffectiveRule[] {
    const { policy } = this.#access;
    if (policy.rules.length === 0) return [];
    const atMs = this.#clock.monotonic();
    const kept = this.#kept;
    if (kept !== null && kept.of === policy && atMs - kept.atMs < KEPT_MS) return kept.rules;
    const consumers = this.#consumers();
    if (consumers === null) return [];
    const rules = unusedRules(policy, consumers);
    this.#kept = { atMs, of: policy, rules };
    return rules;
  }
}
