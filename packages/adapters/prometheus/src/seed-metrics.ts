import type { Figures } from '@vault-swarm/metrics';
import { Counter, Gauge, type OpenMetricsContentType, type PrometheusContentType, type Registry } from 'prom-client';

/** A registry of either format. */
export type AnyRegistry = Registry<PrometheusContentType> | Registry<OpenMetricsContentType>;

/** What every version of the plugin exposes, read from {@link Figures}. No label but `type`. */
export class SeedMetrics {
  readonly #readings: readonly ((figures: Figures) => void)[];

  constructor(registry: AnyRegistry) {
    const registers = [registry];
    const gauge = (name: string, help: string, read: (figures: Figures) => number) => {
      const metric = new Gauge({ name: `vault_swarm_plugin_${name}`, help, registers });
      return (figures: Figures) => metric.set(read(figures));
    };
    const counter = (name: string, help: string, read: (figures: Figures) => number) => {
      const metric = new Counter({ name: `vault_swarm_plugin_${name}_total`, help, registers });
      let counted = 0;
      return (figures: Figures) => {
        const grown = read(figures) - counted;
        if (grown <= 0) return;
        metric.inc(grown);
        counted += grown;
      };
    };
    const memory = new Gauge({
      name: 'vault_swarm_plugin_memory_bytes',
      help: 'Memory in bytes: the used heap and what is outside of it (alloc), the resident set (sys), the total heap (heap)',
      labelNames: ['type'],
      registers,
    });
    this.#readings = [
      gauge(
        'goroutines',
        'Operations in flight: active resources of the event loop',
        ({ runtime }) => runtime.operationsInFlight,
      ),
      ({ runtime }) => {
        memory.set({ type: 'alloc' }, runtime.allocBytes);
        memory.set({ type: 'sys' }, runtime.sysBytes);
        memory.set({ type: 'heap' }, runtime.heapBytes);
      },
      counter(
        'secret_rotations',
        'Services all of whose tasks reached new revisions in one rollout',
        ({ rotations }) => rotations,
      ),
      counter(
        'rotation_errors',
        'Rollouts that were paused, rolled back, stuck, or could not be begun',
        ({ rotationErrors }) => rotationErrors,
      ),
      counter('gc_cycles', 'Garbage collections', ({ runtime }) => runtime.gcCycles),
      counter('gc_pause_seconds', 'Time spent in garbage collections', ({ runtime }) => runtime.gcPauseTotalMs / 1000),
      gauge('last_gc_timestamp_seconds', 'When the last garbage collection ended, 0 before the first', ({ runtime }) =>
        seconds(runtime.lastGcAtMs),
      ),
      gauge(
        'ticker_heartbeat_timestamp_seconds',
        'When the last pass of the rotation ended in which Docker answered, 0 before the first',
        ({ heartbeatAtMs }) => seconds(heartbeatAtMs),
      ),
      gauge('start_time_seconds', 'When the plugin started', ({ startedAtMs }) => seconds(startedAtMs)),
    ];
  }

  /** Takes over `figures`. */
  update(figures: Figures): void {
    for (const read of this.#readings) read(figures);
  }
}

function seconds(atMs: number | null): number {
  return atMs === null ? 0 : atMs / 1000;
}
