import { Counter, Gauge } from 'prom-client';
import type { AnyRegistry } from './seed-metrics.ts';

/** What is held in memory to be delivered. */
export interface HeldValues {
  readonly values: number;
  readonly bytes: number;
  /** Dropped for others since the start. */
  readonly evicted: number;
}

/** How full the memory for values is. */
export class MemoryMetrics {
  readonly #values: Gauge;
  readonly #bytes: Gauge;
  readonly #evictions: Counter;
  #counted = 0;

  constructor(registry: AnyRegistry) {
    const registers = [registry];
    this.#values = new Gauge({
      name: 'vault_swarm_plugin_held_values',
      help: 'Values in memory, earlier revisions among them',
      registers,
    });
    this.#bytes = new Gauge({
      name: 'vault_swarm_plugin_held_values_bytes',
      help: 'Size of the values in memory in bytes',
      registers,
    });
    this.#evictions = new Counter({
      name: 'vault_swarm_plugin_evicted_values_total',
      help: 'Values dropped from memory because a limit was reached',
      registers,
    });
  }

  /** Takes over how much is held now. */
  update({ values, bytes, evicted }: HeldValues): void {
    this.#values.set(values);
    this.#bytes.set(bytes);
    this.#evictions.inc(evicted - this.#counted);
    this.#counted = evicted;
  }
}
