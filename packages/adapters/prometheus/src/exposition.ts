import type { Figures } from '@vault-swarm/metrics';
import type { ProductEvent } from '@vault-swarm/provider';
import { type OpenMetricsContentType, type PrometheusContentType, Registry } from 'prom-client';
import { chooseFormat, contentTypes } from './accept.ts';
import { EventMetrics } from './event-metrics.ts';
import { type HeldValues, MemoryMetrics } from './memory-metrics.ts';
import { type AnyRegistry, SeedMetrics } from './seed-metrics.ts';

/** The metrics as Prometheus reads them. */
export interface PrometheusExposition {
  /** The `Content-Type` for a request with this `Accept` header. */
  contentType(accept: string | undefined): string;
  /** The body for it: every metric as it is now. */
  render(accept: string | undefined): Promise<string>;
  /** To be called with every event. */
  observe(event: ProductEvent): void;
}

/** What {@link createPrometheusExposition} needs. */
export interface PrometheusOptions {
  /** The names of the configured provider instances. */
  readonly providers: readonly string[];
  /** The figures as they are now. */
  figures(): Figures;
  /** The values in memory, and how many were dropped for others since the start. */
  held(): HeldValues;
}

/** Every metric of the plugin, in both formats; all there from the start, with 0 where nothing was. */
export function createPrometheusExposition({ providers, figures, held }: PrometheusOptions): PrometheusExposition {
  // prom-client takes the `_total` off the names of its counters for good when it writes them as OpenMetrics, so one
  // set of metrics can't serve both formats.
  const sets = {
    text: createSet(new Registry<PrometheusContentType>(), providers),
    openMetrics: createSet(openMetricsRegistry(), providers),
  };
  return {
    contentType: (accept) => contentTypes[chooseFormat(accept)],
    render(accept) {
      const { seed, memory, registry } = sets[chooseFormat(accept)];
      seed.update(figures());
      memory.update(held());
      return registry.metrics();
    },
    observe(event) {
      for (const { events } of Object.values(sets)) events.observe(event);
    },
  };
}

function openMetricsRegistry(): Registry<OpenMetricsContentType> {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}

function createSet(registry: AnyRegistry, providers: readonly string[]) {
  return {
    registry,
    seed: new SeedMetrics(registry),
    memory: new MemoryMetrics(registry),
    events: new EventMetrics(registry, providers),
  };
}
