import type { Clock } from '@vault-swarm/kernel';
import type { ProductEvent } from '@vault-swarm/provider';
import { Heartbeat } from './heartbeat.ts';
import type { Stats } from './reports.ts';
import { RotationCounters } from './rotation-counters.ts';
import type { RuntimeProbe } from './runtime.ts';

/** The statistics of the process since its creation: counters, heartbeat, uptime and resources. */
export class ProcessStats {
  readonly #clock: Clock;
  readonly #probe: RuntimeProbe;
  readonly #counters = new RotationCounters();
  readonly #heartbeat: Heartbeat;
  readonly #startedAtMs: number;
  readonly #startedMonotonicMs: number;

  constructor(
    clock: Clock,
    probe: RuntimeProbe,
    settings: { readonly intervalMs: number; readonly rotationEnabled: boolean },
  ) {
    this.#clock = clock;
    this.#probe = probe;
    this.#heartbeat = new Heartbeat(clock, { intervalMs: settings.intervalMs, enabled: settings.rotationEnabled });
    this.#startedAtMs = clock.now();
    this.#startedMonotonicMs = clock.monotonic();
  }

  /** Call this with every event. */
  observe(event: ProductEvent): void {
    this.#counters.observe(event);
    this.#heartbeat.observe(event);
  }

  /** The current statistics. */
  stats(): Stats {
    return {
      runtime: this.#probe.read(),
      rotations: this.#counters.rotations,
      rotationErrors: this.#counters.errors,
      tickerHealthy: this.#heartbeat.tickerHealthy,
      heartbeatAtMs: this.#heartbeat.lastAtMs,
      startedAtMs: this.#startedAtMs,
      uptimeMs: this.#clock.monotonic() - this.#startedMonotonicMs,
    };
  }
}
