import type { Clock, Random } from '@vault-swarm/kernel';
import type { ProviderDefinition } from '@vault-swarm/provider';
import type { RotationPolicy } from '@vault-swarm/rotation';
import type { RotatorLedger } from './ledger/rotator-ledger.ts';
import { durationOption, positiveInteger } from './option-values.ts';

/** The settings of a rotator. Durations are written as `500ms`, `10s` or `1m30s`. */
export interface RotatorOptions {
  /** Where the secrets are. The first one is used for secrets whose labels name no provider. */
  readonly providers: readonly ProviderDefinition[];
  /** What outlives the process. Default `memoryLedger()`. */
  readonly ledger?: RotatorLedger;
  /** How often the providers are polled. Default `10s`. */
  readonly interval?: string;
  /** How long a worker waits for a secret. Default `10s`. */
  readonly deadline?: string;
  /** While a provider does not answer, workers start with the last good value if it is not older. Default `24h`. */
  readonly staleIfError?: string;
  /** How many groups roll at the same time. Default 5. */
  readonly maxParallel?: number;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** Default: `Math.random`. For jitter only. */
  readonly random?: Random;
}

/** Checked numbers of {@link RotatorOptions}. */
export interface RotatorLimits {
  readonly intervalMs: number;
  readonly policy: RotationPolicy;
  readonly delivery: {
    readonly deadlineMs: number;
    readonly cacheMaxAgeMs: number;
    readonly staleIfErrorMs: number;
    readonly staleIfUnauthenticatedMs: number;
  };
}

const STUCK_AFTER_MS = 10 * 60_000;
const MAX_STALE_IF_UNAUTHENTICATED_MS = 60 * 60_000;

/** @throws {TypeError} names the option, what was given, and what is allowed. */
export function rotatorLimits(options: RotatorOptions): RotatorLimits {
  const { providers, interval = '10s', deadline = '10s', staleIfError = '24h' } = options;
  if (providers.length === 0) throw new TypeError('providers must contain at least one provider');
  const twice = providers.find(({ name }, index) => providers.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new TypeError(`two providers are named ${twice.name}; give one another name`);
  const maxParallel = positiveInteger('maxParallel', options.maxParallel ?? 5);
  const intervalMs = durationOption('interval', interval, 100);
  const staleIfErrorMs = durationOption('staleIfError', staleIfError, 0);
  return {
    intervalMs,
    policy: { maxParallel, maxParallelLimit: maxParallel, stuckAfterMs: STUCK_AFTER_MS, onFailure: 'rollback' },
    delivery: {
      deadlineMs: durationOption('deadline', deadline, 100),
      cacheMaxAgeMs: intervalMs,
      staleIfErrorMs,
      staleIfUnauthenticatedMs: Math.min(staleIfErrorMs, MAX_STALE_IF_UNAUTHENTICATED_MS),
    },
  };
}
