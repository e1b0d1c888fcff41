import { displayText } from '@vault-swarm/provider';
import { Gauge, type Registry } from 'prom-client';
import { PREFIX } from './readings.ts';

/** So many names have a series of their own in each metric. */
export const MOST_NAMES = 2_000;

/** The longest name that Swarm takes for a secret or service. */
const MAX_NAME_LENGTH = 64;

/** Stands for all further names, and for what Swarm takes for no name. It takes no such name either, so it is nobody's. */
export const OTHERS = '(other)';

/** How what is one series has come of several values. */
type Join = (one: number, another: number) => number;

/** A gauge with one series for each secret, or each service, up to a limit. */
export class BoundedGauge<Label extends string> {
  readonly #gauge: Gauge<Label>;
  readonly #label: Label;
  readonly #join: Join;

  /** @param join makes one value of those beyond the limit: their sum, unless another one is given. */
  constructor(
    registry: Registry,
    { name, help, label, join = (a, b) => a + b }: { name: string; help: string; label: Label; join?: Join },
  ) {
    this.#gauge = new Gauge({ name: PREFIX + name, help, labelNames: [label], registers: [registry] });
    this.#label = label;
    this.#join = join;
  }

  /** Shows these and nothing else; `null` is left out. The first names of `values` have series of their own. */
  show(values: Iterable<readonly [name: string, value: number | null]>): void {
    this.#gauge.reset();
    let shown = 0;
    let others: number | null = null;
    for (const [name, value] of values) {
      if (value === null) continue;
      if (shown < MOST_NAMES && isName(name)) {
        this.#set(name, value);
        shown += 1;
      } else {
        others = others === null ? value : this.#join(others, value);
      }
    }
    if (others !== null) this.#set(OTHERS, others);
  }

  #set(name: string, value: number): void {
    this.#gauge.set({ [this.#label]: name } as Record<Label, string>, value);
  }
}

/** A name that would have to be cut is not: cut, two of them might be one series. */
function isName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && displayText(name) === name;
}
