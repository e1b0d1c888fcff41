import { setImmediate } from 'node:timers/promises';
import type { MonthOfRequests, ProviderSummary, Stats } from '@vault-swarm/metrics';
import type { TimedEvent } from '@vault-swarm/provider';
import type { RotationStatus } from '@vault-swarm/rotation';
import { Registry } from 'prom-client';
import { chooseFormat, contentTypes } from './accept.ts';
import { baseMetrics } from './base-metrics.ts';
import { CostMetrics } from './cost-metrics.ts';
import { EventMetrics } from './event-metrics.ts';
import { type CachedValues, cacheMetrics } from './memory-metrics.ts';
import { asOpenMetrics } from './open-metrics.ts';
import { type LedgerSize, type PluginFacts, pluginMetrics } from './plugin-metrics.ts';
import { ProviderMetrics } from './provider-metrics.ts';
import { statusMetrics } from './status-metrics.ts';

/** The metrics as Prometheus reads them. */
export interface PrometheusExposition {
  /** The `Content-Type` for a request with this `Accept` header. */
  contentType(accept: string | undefined): string;
  /** The body for it: every metric as it is now. */
  render(accept: string | undefined): Promise<string>;
  /** To be called with every event. */
  observe(event: TimedEvent): void;
}

/** What {@link createPrometheusExposition} needs. What it asks for must be quick, and not throw. */
export interface PrometheusOptions {
  /** The names of the configured provider instances. */
  readonly providers: readonly string[];
  readonly facts: PluginFacts;
  /** The figures as they are now. */
  figures(): Stats;
  /** The values in memory, and how many were dropped for others since the start. */
  held(): CachedValues;
  /** What the rotation knows. */
  status(): RotationStatus;
  /** How the providers do. */
  providerSummaries(): readonly ProviderSummary[];
  ledger(): LedgerSize;
  /** What a month of requests like the latest comes to, by the name of each provider. */
  requestsPerMonth(): ReadonlyMap<string, MonthOfRequests>;
}

/** A thousand secrets' metrics are written in pieces of about this long, between which Docker is answered. */
const PIECE_MS = 4;

/** Every metric of the plugin, in both formats; all there from the start, with 0 where nothing was. */
export function createPrometheusExposition(options: PrometheusOptions): PrometheusExposition {
  const registry = new Registry();
  const seed = baseMetrics(registry);
  const plugin = pluginMetrics(registry, options.facts);
  const memory = cacheMetrics(registry);
  const status = statusMetrics(registry);
  const providers = new ProviderMetrics(registry, options.providers);
  const costs = new CostMetrics(registry);
  const events = new EventMetrics(registry, options.providers);
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

/** To be called between pieces of work: lets others have their turn where this one took long. */
function pauses(): () => Promise<void> {
  let startedAtMs = performance.now();
  return async () => {
    if (performance.now() - startedAtMs < PIECE_MS) return;
    await setImmediate();
    startedAtMs = performance.now();
  };
}
