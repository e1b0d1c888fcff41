import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { formatTimeOfDay } from '../format.ts';
import { theme } from '../state/theme.ts';
import { isDarkSystem } from './media.ts';

const HEIGHT_PX = 44;
/** The texts above the lines need this much. */
const HEADROOM = 1.4;
// A plugin that has just started has no data of an hour.
const MIN_SECONDS = 600;

/** One line of a chart. */
export interface Line {
  readonly label: string;
  /** The name of a colour of the style sheet, such as `memory` for `--chart-memory`. */
  readonly tone: string;
  readonly values: readonly (number | null)[];
}

/** The content of a {@link Chart}. */
export interface ChartContent {
  /** The end of each interval, in seconds since 1970. */
  readonly at: readonly number[];
  readonly lines: readonly Line[];
  /** Whether each line is added to those before it. */
  readonly stacked?: boolean;
  readonly format: (value: number) => string;
}

/** The time under the pointer, for all charts; `null` if the pointer is on none. */
const pointed = signal<number | null>(null);

/** The last hour of a figure. The time under the pointer is shown in every chart at once. */
export function Chart({ label, content }: { readonly label: string; readonly content: ChartContent }) {
  const element = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const colours = `${theme.value} ${isDarkSystem.value}`;
  const names = content.lines.map(({ tone }) => tone).join();
  // The canvas is created again only for other lines and colours; new values are drawn into it below.
  useEffect(() => {
    const container = element.current;
    if (container === null) return;
    const drawn = new uPlot(optionsOf(container, content), dataOf(content), container);
    plot.current = drawn;
    const resized = new ResizeObserver(() => drawn.setSize({ width: container.clientWidth, height: HEIGHT_PX }));
    resized.observe(container);
    return () => {
      resized.disconnect();
      drawn.destroy();
    };
  }, [colours, names]);
  useEffect(() => {
    plot.current?.setData(dataOf(content));
  }, [content]);
  return (
    <figure class="chart">
      <div
        ref={element}
        role="img"
        aria-label={inWords(label, content)}
        onPointerLeave={() => (pointed.value = null)}
      />
      <p class="scale" aria-hidden="true">
        <span>{content.format(highestOf(content))}</span>
        <span>last hour</span>
      </p>
      <Readout content={content} />
    </figure>
  );
}

function Readout({ content: { at, lines, format } }: { readonly content: ChartContent }) {
  const moment = pointed.value;
  const index = moment === null ? -1 : at.indexOf(moment);
  if (index < 0) return null;
  return (
    <figcaption class="readout" aria-hidden="true">
      <b>{formatTimeOfDay((at[index] ?? 0) * 1000)}</b>
      {lines.map(({ label, tone, values }) => {
        const value = values[index];
        return (
          <span key={label}>
            <i class={`swatch swatch-${tone}`} /> {label} {typeof value === 'number' ? format(value) : '–'}
          </span>
        );
      })}
    </figcaption>
  );
}

function optionsOf(container: HTMLElement, { lines, stacked = false }: ChartContent): uPlot.Options {
  const colour = colourReader(container);
  const ordered = stacked ? lines.toReversed() : lines;
  return {
    width: container.clientWidth,
    height: HEIGHT_PX,
    padding: [4, 0, 0, 0],
    legend: { show: false },
    axes: [{ show: false }, { show: false }],
    cursor: {
      y: false,
      drag: { x: false, y: false, setScale: false },
      points: { show: false },
      sync: { key: 'last-hour' },
    },
    scales: {
      x: { time: true, range: (_plot, min, max) => [Math.min(min, max - MIN_SECONDS), max] },
      y: { range: (_plot, _min, max) => [0, max > 0 ? max * HEADROOM : 1] },
    },
    hooks: {
      setCursor: [
        (drawn) => {
          const index = drawn.cursor.idx;
          pointed.value = typeof index === 'number' ? (drawn.data[0][index] ?? null) : null;
        },
      ],
    },
    series: [
      {},
      ...ordered.map(({ tone }) => {
        const stroke = colour(`--chart-${tone}`);
        return {
          stroke,
          width: 1.5,
          points: { show: false },
          spanGaps: true,
          ...(stacked || lines.length === 1 ? { fill: colour(`--chart-${tone}-fill`) } : {}),
        };
      }),
    ],
  };
}

function dataOf({ at, lines, stacked = false }: ChartContent): uPlot.AlignedData {
  if (!stacked) return [[...at], ...lines.map(({ values }) => [...values])];
  const sums: number[][] = [];
  for (const { values } of lines) sums.push(at.map((_at, index) => (sums.at(-1)?.[index] ?? 0) + (values[index] ?? 0)));
  // The highest is drawn first, so that those below it stay visible.
  return [[...at], ...sums.toReversed()];
}

/** The highest value, for the scale. */
function highestOf(content: ChartContent): number {
  const [, ...lines] = dataOf(content);
  return Math.max(0, ...lines.flatMap((values) => [...values].map((value) => value ?? 0)));
}

/** A canvas does not accept `var()`: the browser computes its value here. */
function colourReader(container: HTMLElement): (name: string) => string {
  return (name) => {
    const probe = document.createElement('i');
    probe.style.color = `var(${name})`;
    container.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}

function inWords(label: string, { lines, format }: ChartContent): string {
  const parts = lines.map(({ label: line, values }) => {
    const known = values.filter((value) => value !== null);
    if (known.length === 0) return `${line}: none`;
    const latest = known.at(-1) ?? 0;
    return `${line}: ${format(latest)} now, between ${format(Math.min(...known))} and ${format(Math.max(...known))}`;
  });
  return `${label} in the last hour. ${parts.join('; ')}.`;
}
