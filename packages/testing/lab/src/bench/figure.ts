/** The unit of a figure. */
export type Unit = 'ms' | 'MiB' | 'KiB' | 'count';

/** One measured figure. */
export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  readonly value: number;
  /** The target: the highest acceptable value. It is shown, and never asserted. */
  readonly reach?: number;
  /** Whether the value is only a lower bound, because the measurement timed out. */
  readonly atLeast?: boolean;
}

/** A time in milliseconds. */
export function ms(name: string, value: number, reach?: number): Figure {
  return { name, unit: 'ms', value, ...(reach === undefined ? {} : { reach }) };
}

/** A number of things. */
export function count(name: string, value: number, reach?: number): Figure {
  return { name, unit: 'count', value, ...(reach === undefined ? {} : { reach }) };
}

/** Memory in MiB. */
export function mib(name: string, value: number, reach?: number): Figure {
  return { name, unit: 'MiB', value, ...(reach === undefined ? {} : { reach }) };
}

/** A figure as text, in a readable unit. */
export function showValue(unit: Unit, value: number, atLeast = false): string {
  return `${atLeast ? '> ' : ''}${shown(unit, value)}`;
}

function shown(unit: Unit, value: number): string {
  if (unit === 'count') return Number.isInteger(value) ? String(value) : value.toFixed(1);
  if (unit !== 'ms') return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;
}

/** An amount of data in KiB. */
export function kib(name: string, value: number, reach?: number): Figure {
  return { name, unit: 'KiB', value, ...(reach === undefined ? {} : { reach }) };
}
