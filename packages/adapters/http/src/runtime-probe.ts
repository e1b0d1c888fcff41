import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks';
import type { RuntimeProbe } from '@vault-swarm/metrics';

/**
 * How often a timer measures the event loop's delay. A reported delay may be this much too short. With 20 ms, the
 * timer used a fifth of the CPU time of an idle plugin.
 */
const LAG_RESOLUTION_MS = 100;
/** The reported lag is the longest of the last one to two windows. */
const LAG_WINDOW_MS = 10_000;

/** Measures this process. Garbage collections are counted from its creation. */
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
  const lag = measureLag();
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
        eventLoopLagMs: lag(),
      };
    },
  };
}

function measureLag(): () => number {
  const delays = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  delays.enable();
  let startedAtMs = performance.now();
  let longestBeforeMs = 0;
  return () => {
    // The histogram has the time between two timers, so the delay is the part above the interval.
    const maxMs = delays.count === 0 ? 0 : Math.max(0, delays.max / 1e6 - LAG_RESOLUTION_MS);
    const reported = Math.max(maxMs, longestBeforeMs);
    if (performance.now() - startedAtMs >= LAG_WINDOW_MS) {
      startedAtMs = performance.now();
      longestBeforeMs = maxMs;
      delays.reset();
    }
    return reported;
  };
}
