import type { Stats } from '@vault-swarm/metrics';
import { Gauge, type Registry } from 'prom-client';
import { PREFIX, Readings, secondsOf } from './readings.ts';

/** The metrics that every version of the plugin has, read from {@link Stats}. The only label is `type`. */
export function baseMetrics(registry: Registry): Readings<Stats> {
  const readings = new Readings<Stats>(registry);
  readings.gauge('goroutines', 'Current number of goroutines', ({ runtime }) => runtime.operationsInFlight);
  const memory = new Gauge({
    name: `${PREFIX}memory_bytes`,
    help: 'Memory usage in bytes',
    labelNames: ['type'],
    registers: [registry],
  });
  readings.other(({ runtime }) => {
    memory.set({ type: 'alloc' }, runtime.allocBytes);
    memory.set({ type: 'sys' }, runtime.sysBytes);
    memory.set({ type: 'heap' }, runtime.heapBytes);
  });
  readings.counter(
    'secret_rotations',
    'Rollouts in which all tasks of a service reached the desired revisions',
    ({ rotations }) => rotations,
  );
  readings.counter(
    'rotation_errors',
    'Rollouts that were paused, rolled back, stuck, or could not be started',
    ({ rotationErrors }) => rotationErrors,
  );
  readings.counter('gc_cycles', 'Garbage collections', ({ runtime }) => runtime.gcCycles);
  readings.counter(
    'gc_pause_seconds',
    'Time spent in garbage collection',
    ({ runtime }) => runtime.gcPauseTotalMs / 1000,
  );
  readings.gauge(
    'last_gc_timestamp_seconds',
    'Time of the last garbage collection, 0 before the first',
    ({ runtime }) => secondsOf(runtime.lastGcAtMs),
  );
  readings.gauge(
    'ticker_heartbeat_timestamp_seconds',
    'Time of the last reconcile pass in which Docker answered, 0 before the first',
    ({ heartbeatAtMs }) => secondsOf(heartbeatAtMs),
  );
  readings.gauge('start_time_seconds', 'Time when the plugin started', ({ startedAtMs }) => secondsOf(startedAtMs));
  return readings;
}
