import { PerformanceObserver, performance } from 'node:perf_hooks';
import type { RuntimeProbe } from '@vault-swarm/metrics';

/** Measures this process; garbage collections are counted from the creation on. */
export function createRuntimeProbe(): RuntimeProbe {
  let gcCycles = 0;
  let gcPauseTotalMs = 0;
  let lastGcAtMs: number | null = null;
  const count = (entries: readonly { readonly startTime: number; readonly duration: number }[]) => {
    for (const { startTime, duration } of entries) {
      gcCycles += 1;
      gcPauseTotalMs += duration;
      lastGcAtMs = Math.max(lastGcAtMs ?? 0, performance.timeOrigin + startTime + duration);
    }
  };
  const observer = new PerformanceObserver((list) => count(list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  return {
    read() {
      count(observer.takeRecords());
      const memory = process.memoryUsage();
      return {
        operationsInFlight: process.getActiveResourcesInfo().length,
        allocBytes: memory.heapUsed + memory.external,
        sysBytes: memory.rss,
        heapBytes: memory.heapTotal,
        gcCycles,
        gcPauseTotalMs,
        lastGcAtMs,
      };
    },
  };
}
