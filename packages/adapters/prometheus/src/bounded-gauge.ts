import { displayText } from '@vault-swarm/kernel';
import { Gauge, type Registry } from 'prom-client';
import { PREFIX } from './readings.ts';

/**
 * The most characters that all series of one metric by secret, or by service, may have. There are two metrics by
 * secret and four by service: together with the other metrics they stay below the 1 MB limit of a response.
 */
export const MAX_CHARACTERS = { secret: 190_000, service: 95_000 } as const;

/** The most characters of one series besides the name: metric, label and value. */
const MAX_SERIES_CHARACTERS = 90;

/** The longest name of a secret or service in Swarm. */
const MAX_NAME_LENGTH = 64;

/**
 * The series for all further names and for invalid names. Swarm does not allow this name, so no secret or service has
 * it.
 */
export const OTHERS = '(other)';

/** Combines several values into one series. */
type Join = (one: number, another: number) => number;

/** A gauge with one series for each secret, or each service, up to {@link MAX_CHARACTERS}. */
export class BoundedGauge<Label extends keyof typeof MAX_CHARACTERS> {
  readonly #gauge: Gauge<Label>;
  readonly #label: Label;
  readonly #join: Join;

  /** @param join combines the values beyond the limit; by default their sum. */
  constructor(
    registry: Registry,
    { name, help, label, join = (a, b) => a + b }: { name: string; help: string; label: Label; join?: Join },
  ) {
    this.#gauge = new Gauge({ name: PREFIX + name, help, labelNames: [label], registers: [registry] });
    this.#label = label;
    this.#join = join;
  }

  /** Replaces all series; `null` values are left out. The first names of `values` get series of their own. */
  show(values: Iterable<readonly [name: string, value: number | null]>): void {
    this.#gauge.reset();
    let characters = 0;
    let others: number | null = null;
    for (const [name, value] of values) {
      if (value === null) continue;
      const isNamed = isName(name);
      // Also counted beyond the limit, so that no short name follows a longer one that was left out.
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

/** Whether the name is valid. A longer name is not cut: two names could become the same series. */
function isName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && displayText(name) === name;
}
