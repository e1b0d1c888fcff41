import type { SeededRandom } from '../seeded-random.ts';
import type { LeaseRules } from '../simulated-leases.ts';

/** How long a credential of a run lives unless it is renewed, in milliseconds. */
export const TTL_MS = 300_000;

/** The paths at which the engine of a run issues. */
export const PATHS = ['database/creds/shop', 'database/creds/report'] as const;

/** What a run is made of. Times in milliseconds. */
export interface LeaseSettings {
  readonly managers: readonly string[];
  /** How likely a fault is, for each call. */
  readonly faultChance: number;
  readonly rules: LeaseRules;
  readonly intervalMs: number;
  readonly maxSets: number;
  readonly issuesPerHour: number;
  /** Whether the limits are so low that they are reached. Credentials may end then, since nothing is issued. */
  readonly isTight: boolean;
}

/** The settings of a seed. */
export function settingsOf(random: SeededRandom): LeaseSettings {
  const managers = random.chance(0.5) ? ['m1'] : ['m1', 'm2', 'm3'];
  const faultChance = random.pick([0, 0.003, 0.01, 0.03]);
  const keepsLease = random.chance(0.85);
  const maxTtlMs = keepsLease ? random.pick([TTL_MS, 3 * TTL_MS, 10 * TTL_MS]) : TTL_MS;
  const tight = random.chance(0.2) ? random.pick(['sets', 'issues'] as const) : null;
  return {
    managers,
    faultChance,
    rules: {
      ttlMs: TTL_MS,
      maxTtlMs,
      renewable: maxTtlMs > TTL_MS,
      holderPeriodMs: random.pick([TTL_MS, 4 * TTL_MS]),
      mayHold: random.chance(0.85),
      loginTtlMs: random.pick([4 * TTL_MS, 20 * TTL_MS]),
      keepsLease,
    },
    intervalMs: random.pick([10_000, 20_000, 30_000]),
    maxSets: tight === 'sets' ? random.between(2, 5) : 500,
    issuesPerHour: tight === 'issues' ? random.between(1, 3) : 100,
    isTight: tight !== null,
  };
}
