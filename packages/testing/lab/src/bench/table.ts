import { type Figure, showValue } from './figure.ts';

/** What is measured: the plugin, and optionally another plugin or the previous version. */
export type SubjectName = 'plugin' | 'peer' | 'base';

/** The result of one target in a case: its figures, or the reason why there are none. */
export type Outcome =
  | { readonly kind: 'measured'; readonly figures: readonly Figure[] }
  | { readonly kind: 'failed'; readonly message: string };

/** One case, at one latency of the provider. */
export interface CaseResult {
  readonly name: string;
  readonly heading: string;
  /** The added latency of the provider in milliseconds; null if the case does not depend on it. */
  readonly latencyMs: number | null;
  readonly outcomes: Readonly<Partial<Record<SubjectName, Outcome>>>;
}

/** One figure of both targets. `peer` is that of the previous version if that was measured. */
export interface ComparedFigure {
  readonly name: string;
  readonly unit: Figure['unit'];
  readonly toReach: number | null;
  readonly plugin: number | null;
  readonly peer: number | null;
  /** The plugin's value divided by the peer's: below 1, the plugin needs less. Null if one of them has no value. */
  readonly ratio: number | null;
}

const LEAST_WIDTH = 46;

/** The figures of both targets, in the order of the first target that has them. */
export function compare({ outcomes }: CaseResult): readonly ComparedFigure[] {
  const own = figuresOf(outcomes.plugin);
  const peers = figuresOf(outcomes.base ?? outcomes.peer);
  const names = [...new Set([...own, ...peers].map(({ name }) => name))];
  return names.flatMap((name) => {
    const plugin = own.find((figure) => figure.name === name);
    const peer = peers.find((figure) => figure.name === name);
    const either = plugin ?? peer;
    if (either === undefined) return [];
    const ratio = plugin === undefined || peer === undefined || peer.value === 0 ? null : plugin.value / peer.value;
    return [
      {
        name,
        unit: either.unit,
        toReach: either.reach ?? null,
        plugin: plugin?.value ?? null,
        peer: peer?.value ?? null,
        ratio,
      },
    ];
  });
}

/** The figures of a case as a text table, with those of the other target and the ratio. */
export function table(result: CaseResult): string {
  const { name, heading, latencyMs, outcomes } = result;
  const other = outcomes.base === undefined ? 'peer' : 'base';
  const withOther = outcomes[other] !== undefined;
  const title = `${name}${latencyMs === null ? '' : `, Vault +${latencyMs} ms`}: ${heading}`;
  const columns = ['at most', 'plugin', ...(withOther ? [other, 'ratio'] : [])];
  const figures = compare(result);
  const width = Math.max(LEAST_WIDTH, ...figures.map(({ name: { length } }) => length + 3));
  const rows = figures.map((figure) => {
    const cells = [
      figure.toReach === null ? '' : showValue(figure.unit, figure.toReach),
      cell(outcomes.plugin, figure.name),
      ...(withOther ? [cell(outcomes[other], figure.name), figure.ratio === null ? '' : figure.ratio.toFixed(2)] : []),
    ];
    return line(`  ${figure.name}`.padEnd(width), cells);
  });
  const failures = (['plugin', 'peer', 'base'] as const).flatMap((target) => {
    const outcome = outcomes[target];
    return outcome?.kind === 'failed' ? [`  ${target} failed: ${outcome.message}`] : [];
  });
  return [title, ...(rows.length > 0 ? [line(''.padEnd(width), columns), ...rows] : []), ...failures].join('\n');
}

function figuresOf(outcome: Outcome | undefined): readonly Figure[] {
  return outcome?.kind === 'measured' ? outcome.figures : [];
}

function cell(outcome: Outcome | undefined, name: string): string {
  const figure = figuresOf(outcome).find((each) => each.name === name);
  return figure === undefined ? '' : showValue(figure.unit, figure.value, figure.atLeast);
}

function line(first: string, cells: readonly string[]): string {
  return `${first}${cells.map((text) => text.padStart(11)).join('')}`.trimEnd();
}
