import { type ProductEvent, providerErrorCodes } from '@vault-swarm/provider';
import { Counter, Histogram } from 'prom-client';
import type { AnyRegistry } from './seed-metrics.ts';

// The first bound is about what memory takes, the last but one is the default deadline of an answer.
const GETSECRET_BOUNDS_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 5];
const ROLLOUT_BOUNDS_SECONDS = [1, 2.5, 5, 10, 20, 40, 80, 160, 320, 600];
const OUTCOMES = ['memory', 'provider', 'stale', 'refused'] as const;
/** What stands for a provider that was not configured when the metrics were made. */
const OTHER_PROVIDER = 'other';

/**
 * What is counted from events. Every label's values are known from the start, so the number of series is fixed: no
 * secret, service or message is ever a label.
 */
export class EventMetrics {
  readonly #providers: ReadonlySet<string>;
  readonly #getSecret: Histogram<'outcome'>;
  readonly #rollout: Histogram;
  readonly #providerErrors: Counter<'provider' | 'code'>;
  readonly #dockerErrors: Counter;

  /** @param providers the names of the configured provider instances. */
  constructor(registry: AnyRegistry, providers: readonly string[]) {
    const registers = [registry];
    this.#providers = new Set(providers);
    this.#getSecret = new Histogram({
      name: 'vault_swarm_plugin_getsecret_duration_seconds',
      help: 'How long answers to Docker took, by where the value came from',
      labelNames: ['outcome'],
      buckets: GETSECRET_BOUNDS_SECONDS,
      registers,
    });
    this.#rollout = new Histogram({
      name: 'vault_swarm_plugin_rollout_duration_seconds',
      help: 'From the moment a change was seen to the last task of a service',
      buckets: ROLLOUT_BOUNDS_SECONDS,
      registers,
    });
    this.#providerErrors = new Counter({
      name: 'vault_swarm_plugin_provider_errors_total',
      help: 'How often a provider began to fail',
      labelNames: ['provider', 'code'],
      registers,
    });
    this.#dockerErrors = new Counter({
      name: 'vault_swarm_plugin_docker_errors_total',
      help: 'How often Docker began to fail',
      registers,
    });
    for (const outcome of OUTCOMES) this.#getSecret.zero({ outcome });
    for (const provider of this.#providers) {
      for (const code of providerErrorCodes) this.#providerErrors.inc({ provider, code }, 0);
    }
  }

  /** Counts `event`. */
  observe(event: ProductEvent): void {
    switch (event.type) {
      case 'secret.delivered':
        this.#getSecret.observe({ outcome: event.source }, event.durationMs / 1000);
        return;
      case 'secret.refused':
        this.#getSecret.observe({ outcome: 'refused' }, event.durationMs / 1000);
        return;
      case 'rollout.completed':
        this.#rollout.observe(event.durationMs / 1000);
        return;
      case 'provider.failed': {
        const provider = this.#providers.has(event.provider) ? event.provider : OTHER_PROVIDER;
        this.#providerErrors.inc({ provider, code: event.code });
        return;
      }
      case 'docker.failed':
        this.#dockerErrors.inc();
        return;
    }
  }
}
