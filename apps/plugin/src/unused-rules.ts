import type { Clock } from '@vault-swarm/kernel';
import { type AccessGuard, type ConfigurationWarning, unusedRules } from '@vault-swarm/provider';
import type { Rotation } from '@vault-swarm/rotation';

/** The check compares each rule with each service, so its result is used for this time. */
const KEPT_MS = 60_000;

/** The rules of the access policy without effect in this Swarm, as warnings. A mistyped name of a stack is found so. */
export class UnusedRules {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #access: Pick<AccessGuard, 'policy'>;
  readonly #rotation: Pick<Rotation, 'consumers' | 'status'>;
  #kept: {
    readonly atMs: number;
    readonly of: AccessGuard['policy'];
    readonly warnings: readonly ConfigurationWarning[];
  } | null = null;

  constructor(
    clock: Pick<Clock, 'monotonic'>,
    access: Pick<AccessGuard, 'policy'>,
    rotation: Pick<Rotation, 'consumers' | 'status'>,
  ) {
    this.#clock = clock;
    this.#access = access;
    this.#rotation = rotation;
  }

  /** The warnings; none before the Swarm was observed. */
  warnings(): readonly ConfigurationWarning[] {
    const { policy } = this.#access;
    if (policy.rules.length === 0) return [];
    const atMs = this.#clock.monotonic();
    const kept = this.#kept;
    if (kept !== null && kept.of === policy && atMs - kept.atMs < KEPT_MS) return kept.warnings;
    if (this.#rotation.status().observedAtMs === null) return [];
    const warnings = unusedRules(policy, this.#rotation.consumers()).map(
      ({ rule, reason }): ConfigurationWarning => ({
        code: 'access-rule-unused',
        variable: 'CONFIG_FILE',
        message: `access.rules.${rule} ${reason}; correct or remove it, if you expected otherwise`,
      }),
    );
    this.#kept = { atMs, of: policy, warnings };
    return warnings;
  }
}
