import { displayText } from '@vault-swarm/provider';
import { Gauge, type Registry } from 'prom-client';
import { PREFIX } from './readings.ts';

/**
 * So many characters have all series of one metric by secret, or by service. There are two of the one and four of the other: with
 * all other metrics they stay below the million bytes of an answer.
 */
export const MAX_CHARACTERS = { secret: 190_000, service: 95_000 } as const;

/** So many characters a series has at most besides the name: those of the metric and the label, and the value. */
const MAX_SERIES_CHARACTERS = 90;

/** The longest name that Swarm takes for a secret or service. */
const MAX_NAME_LENGTH = 64;

/** Stands for all further names, and for what Swarm takes for no name. It takes no such name either, so it is nobody's. */
export const OTHERS = '(other)';

/** How what is one series has come of several values. */
type Join = (one: number, another: number) => number;

/** A gauge with one series for each secret, or each service, up to {@link MAX_CHARACTERS}. */
export class BoundedGauge<Label extends keyof typeof MAX_CHARACTERS> {
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
    let characters = 0;
    let others: number | null = null;
    for (const [name, value] of values) {
      if (value === null) continue;
      const isNamed = isName(name);
      // Counted also beyond the limit, so that no shorter name comes after a longer one that is left out.
      if (isNamed) characters += name.length + MAX_SERIES_CHARACTERS;
      if (isNamed && characters <= MAX_CHARACTERS[this.#label]) {
        this.#set(name, value);
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
