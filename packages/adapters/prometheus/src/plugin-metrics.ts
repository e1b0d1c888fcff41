import type { Stats } from '@vault-swarm/metrics';
import { Gauge, type Registry } from 'prom-client';
import { PREFIX, Readings } from './readings.ts';

/** Facts that do not change while the plugin runs. */
export interface PluginFacts {
  readonly version: string;
  readonly rotationIntervalMs: number;
  readonly getSecretDeadlineMs: number;
}

/** The size of the ledger, and its limit. */
export interface LedgerSize {
  /** Size when it was last read or written; `null` if there is no ledger yet. */
  readonly bytes: number | null;
  readonly limitBytes: number;
}

/** The source of {@link pluginMetrics}. */
export interface PluginSource {
  readonly figures: Stats;
  readonly ledger: LedgerSize;
}

/** The metrics of the process, and the configured limits to compare other metrics with. */
export function pluginMetrics(registry: Registry, facts: PluginFacts): Readings<PluginSource> {
  const readings = new Readings<PluginSource>(registry);
  const build = new Gauge({
    name: `${PREFIX}build_info`,
    help: 'Always 1; its label is the version',
    labelNames: ['version'],
    registers: [registry],
  });
  build.set({ version: facts.version }, 1);
  readings.gauge(
    'ticker_healthy',
    'Whether the last reconcile pass is younger than three intervals (0 or 1)',
    ({ figures }) => Number(figures.tickerHealthy),
  );
  readings.gauge(
    'rotation_interval_seconds',
    'Configured interval of polling the providers',
    () => facts.rotationIntervalMs / 1000,
  );
  readings.gauge(
    'getsecret_deadline_seconds',
    'Configured deadline of an answer to Docker',
    () => facts.getSecretDeadlineMs / 1000,
  );
  readings.gauge(
    'event_loop_lag_seconds',
    'Longest delay of the event loop within the last 10 to 20 s',
    ({ figures }) => figures.runtime.eventLoopLagMs / 1000,
  );
  readings.gauge('ledger_bytes', 'Size of the ledger in the Swarm, 0 if there is none', ({ ledger }) =>
    ledger.bytes === null ? 0 : ledger.bytes,
  );
  readings.gauge('ledger_limit_bytes', 'Largest ledger that Swarm accepts', ({ ledger }) => ledger.limitBytes);
  return readings;
}
