import type { Stats } from '@vault-swarm/metrics';
import { Gauge, type Registry } from 'prom-client';
import { PREFIX, Readings } from './readings.ts';

/** What does not change while the plugin runs. */
export interface PluginFacts {
  readonly version: string;
  readonly rotationIntervalMs: number;
  readonly getSecretDeadlineMs: number;
}

/** How large the ledger is, and may be. */
export interface LedgerSize {
  /** As it was last read or written; `null` where there is none yet. */
  readonly bytes: number | null;
  readonly limitBytes: number;
}

/** What {@link pluginMetrics} are read from. */
export interface PluginSource {
  readonly figures: Stats;
  readonly ledger: LedgerSize;
}

/** How the process does, and against which limits its other figures are to be seen. */
export function pluginMetrics(registry: Registry, facts: PluginFacts): Readings<PluginSource> {
  const readings = new Readings<PluginSource>(registry);
  const build = new Gauge({
    name: `${PREFIX}build_info`,
    help: 'Always 1; its label is the version',
    labelNames: ['version'],
    registers: [registry],
  });
  build.set({ version: facts.version }, 1);
  readings.gauge('ticker_healthy', 'Whether the last pass is younger than three intervals (0 or 1)', ({ figures }) =>
    Number(figures.tickerHealthy),
  );
  readings.gauge(
    'rotation_interval_seconds',
    'How often the providers are asked for changes, as configured',
    () => facts.rotationIntervalMs / 1000,
  );
  readings.gauge(
    'getsecret_deadline_seconds',
    'The longest that Docker waits for an answer, as configured',
    () => facts.getSecretDeadlineMs / 1000,
  );
  readings.gauge(
    'event_loop_lag_seconds',
    'The longest that the event loop was held up within the last 10 to 20 s',
    ({ figures }) => figures.runtime.eventLoopLagMs / 1000,
  );
  readings.gauge('ledger_bytes', 'Size of the ledger in the Swarm, 0 where there is none', ({ ledger }) =>
    ledger.bytes === null ? 0 : ledger.bytes,
  );
  readings.gauge('ledger_limit_bytes', 'The largest ledger that Swarm takes', ({ ledger }) => ledger.limitBytes);
  return readings;
}
