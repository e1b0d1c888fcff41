import { Counter, Gauge, type Registry } from 'prom-client';

/** What every metric's name starts with. */
export const PREFIX = 'vault_swarm_plugin_';

/** Metrics without labels that are read from one source, whenever somebody asks for them. */
export class Readings<Source> {
  readonly #registry: Registry;
  readonly #readings: ((source: Source) => void)[] = [];

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** A gauge; `name` is given without the prefix. */
  gauge(name: string, help: string, read: (source: Source) => number): void {
    const metric = new Gauge({ name: PREFIX + name, help, registers: [this.#registry] });
    this.#readings.push((source) => metric.set(read(source)));
  }

  /** A counter of what the source counts itself; `name` is given without the prefix and `_total`. */
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

  /** Something else that is read in its turn. */
  other(read: (source: Source) => void): void {
    this.#readings.push(read);
  }

  /** Takes over what the source says now. */
  update(source: Source): void {
    for (const read of this.#readings) read(source);
  }
}

/** A time as Prometheus wants it: seconds since 1970, 0 where there was none. */
export function secondsOf(atMs: number | null): number {
  return atMs === null ? 0 : atMs / 1000;
}
