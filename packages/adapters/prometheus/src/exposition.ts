import { setImmediate } from 'node:timers/promises';
import type { EventCounter } from '@vault-swarm/kernel';
import type { MonthOfRequests, ProviderSummary, Stats } from '@vault-swarm/metrics';
import type { TimedEvent } from '@vault-swarm/provider';
import type { ManagerStatus, RotationStatus } from '@vault-swarm/rotation';
import { Registry } from 'prom-client';
import { chooseFormat, contentTypes } from './accept.ts';
import { baseMetrics } from './base-metrics.ts';
import { CostMetrics } from './cost-metrics.ts';
import { EventMetrics } from './event-metrics.ts';
import { managerMetrics } from './manager-metrics.ts';
import { type CachedValues, cacheMetrics } from './memory-metrics.ts';
import { asOpenMetrics } from './open-metrics.ts';
import { type LedgerSize, type PluginFacts, pluginMetrics } from './plugin-metrics.ts';
import { ProviderMetrics } from './provider-metrics.ts';
import { statusMetrics } from './status-metrics.ts';

/** All metrics in Prometheus's formats. */
export interface PrometheusExposition {
  /** The `Content-Type` for a request with this `Accept` header. */
  contentType(accept: string | undefined): string;
  /** The response body: every metric with its current value. */
  render(accept: string | undefined): Promise<string>;
  /** Must be called with every event. */
  observe(event: TimedEvent): void;
}

/** The sources of {@link createPrometheusExposition}. They must be fast and must not throw. */
export interface PrometheusOptions {
  /** The names of the configured provider instances. */
  readonly providers: readonly string[];
  /** What the adapters count of their own events. */
  readonly counters: readonly EventCounter<never>[];
  readonly facts: PluginFacts;
  /** The current figures. */
  figures(): Stats;
  /** The values in the cache, and the number of evictions since the start. */
  held(): CachedValues;
  /** The current status of the rotation. */
  status(): RotationStatus;
  /** The managers and the state of their plugins; empty while they are not known. */
  managers(): readonly ManagerStatus[];
  /** The current state of the providers. */
  providerSummaries(): readonly ProviderSummary[];
  ledger(): LedgerSize;
  /** The number and cost of a month of requests at the current rate, by provider name. */
  requestsPerMonth(): ReadonlyMap<string, MonthOfRequests>;
}

/**
 * The metrics of many secrets are written in slices of about this time. Between slices, the event loop can answer
 * Docker.
 */
const PIECE_MS = 4;

/** Every metric of the plugin, in both formats. All exist from the start, with 0 if nothing was counted. */
export function createPrometheusExposition(options: PrometheusOptions): PrometheusExposition {
  const registry = new Registry();
  const seed = baseMetrics(registry);
  const plugin = pluginMetrics(registry, options.facts);
  const memory = cacheMetrics(registry);
  const status = statusMetrics(registry);
  const managers = managerMetrics(registry);
  const providers = new ProviderMetrics(registry, options.providers);
  const costs = new CostMetrics(registry);
  const events = new EventMetrics(registry, options.providers, options.counters);
  const updates: readonly (() => void)[] = [
    () => {
      const figures = options.figures();
      seed.update(figures);
      plugin.update({ figures, ledger: options.ledger() });
      memory.update(options.held());
      providers.update(options.providerSummaries());
      costs.update(options.requestsPerMonth());
    },
    () => status.update(options.status()),
    () => managers.update(options.managers()),
  ];
  return {
    contentType: (accept) => contentTypes[chooseFormat(accept)],
    async render(accept) {
      const breathe = pauses();
      for (const update of updates) {
        update();
        await breathe();
      }
      const families: string[] = [];
      for (const { name } of registry.getMetricsAsArray()) {
        families.push(await registry.getSingleMetricAsString(name));
        await breathe();
      }
      return chooseFormat(accept) === 'openMetrics'
        ? `${families.map(asOpenMetrics).join('\n')}\n# EOF\n`
        : `${families.join('\n\n')}\n`;
    },
    observe(event) {
      events.observe(event, event.atMs);
      providers.observe(event);
    },
  };
}

/** Returns a function to call between pieces of work: it yields to the event loop if the slice took long. */
function pauses(): () => Promise<void> {
  let startedAtMs = performance.now();
  return async () => {
    if (performance.now() - startedAtMs < PIECE_MS) return;
    await setImmediate();
    startedAtMs = performance.now();
  };
}
