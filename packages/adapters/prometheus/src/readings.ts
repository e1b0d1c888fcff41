import { Counter, Gauge, type Registry } from 'prom-client';

/** The prefix of every metric's name. */
export const PREFIX = 'vault_swarm_plugin_';

/** Metrics without labels that are read from one source at each scrape. */
export class Readings<Source> {
  readonly #registry: Registry;
  readonly #readings: ((source: Source) => void)[] = [];

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Adds a gauge; `name` is without the prefix. */
  gauge(name: string, help: string, read: (source: Source) => number): void {
    const metric = new Gauge({ name: PREFIX + name, help, registers: [this.#registry] });
    this.#readings.push((source) => metric.set(read(source)));
  }

  /** Adds a counter that the source counts; `name` is without the prefix and `_total`. */
  counter(name: string, help: string, read: (source: Source) => number): void {
    const metric = new Counter({ name: `${PREFIX + name}_total`, help, registers: [this.#registry] });
    let counted = 0;
    this.#readings.push((source) => {
      const grown = read(source) - counted;
      if (grown <= 0) return;
      metric.inc(grown);
      counted += grown;
    });
  }

  /** Adds another reader of the source. */
  other(read: (source: Source) => void): void {
    this.#readings.push(read);
  }

  /** Reads the current values from the source. */
  update(source: Source): void {
    for (const read of this.#readings) read(source);
  }
}

/** Converts a time to Prometheus's unit: seconds since 1970, 0 if there is none. */
export function secondsOf(atMs: number | null): number {
  return atMs === null ? 0 : atMs / 1000;
}
