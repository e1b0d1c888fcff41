import type { History, Overview } from '@vault-swarm/http/api';
import type { ComponentChildren } from 'preact';
import { formatBytes, formatCount, formatMs, formatPercent } from '../format.ts';
import { Chart, type ChartContent, type Line } from './chart.tsx';
import { useDashboard } from './context.ts';
import { Ago } from './text.tsx';

type Series = History['series'];

type MakeChart = (
  format: ChartContent['format'],
  lines: (series: Series) => readonly Line[],
  stacked?: boolean,
) => ChartContent | null;

/** Makes charts of the last hour; `null` before it was read. */
function chartsOf(hour: History | null): MakeChart {
  return (format, lines, stacked = false) =>
    hour === null ? null : { at: hour.at, lines: lines(hour.series), stacked, format };
}

/** The figures of deliveries and rotations, each with its last hour. */
export function Figures({ overview }: { readonly overview: Overview }) {
  const { history } = useDashboard();
  const { deliveries, rotations, counts } = overview;
  const hour = history.body.value;
  const chart = chartsOf(hour);
  const delivered = deliveries.cache + deliveries.provider + deliveries.stale;
  return (
    <section class="figures" aria-label="Figures">
      <Figure
        label="Deliveries"
        value={formatCount(delivered)}
        content={chart(
          formatCount,
          (series) => [
            { label: 'cache', tone: 'memory', values: series.delivered_cache },
            { label: 'read', tone: 'provider', values: series.delivered_provider },
            { label: 'stale', tone: 'stale', values: series.delivered_stale },
            { label: 'refused', tone: 'bad', values: series.refused },
          ],
          true,
        )}
      >
        <Part tone="memory" label="cache" value={formatCount(deliveries.cache)} />
        <Part tone="provider" label="read" value={formatCount(deliveries.provider)} />
        <Part tone="stale" label="stale" value={formatCount(deliveries.stale)} alarm={deliveries.stale > 0 && 'warn'} />
        <Part
          tone="bad"
          label="refused"
          value={formatCount(deliveries.refused)}
          alarm={deliveries.refused > 0 && 'bad'}
        />
      </Figure>
      <Figure
        label="Answer time"
        value={formatMs(deliveries.p99_ms)}
        unit="p99"
        content={chart(formatMs, (series) => [{ label: 'p99', tone: 'plain', values: series.delivery_p99_ms }])}
      >
        <Part label="p50" value={formatMs(deliveries.p50_ms)} />
        <Part label="from the cache" value={formatPercent(deliveries.hit_rate)} />
        <Part
          label="held"
          value={`${formatCount(deliveries.cached_values)}, ${formatBytes(deliveries.cached_bytes)}`}
        />
      </Figure>
      <Figure
        label="Rotations"
        value={formatCount(rotations.total)}
        content={chart(
          formatCount,
          (series) => [
            { label: 'successful', tone: 'good', values: series.rotations },
            { label: 'failed', tone: 'bad', values: series.rotation_errors },
          ],
          true,
        )}
      >
        <Part tone="good" label="successful" value={formatCount(rotations.total)} />
        <Part tone="bad" label="failed" value={formatCount(rotations.errors)} alarm={rotations.errors > 0 && 'bad'} />
        <Part label="error rate" value={formatPercent(rotations.error_rate)} />
        <Part label="in progress" value={formatCount(rotations.in_progress)} />
        {hour !== null && <Part label="in the last hour" value={formatCount(total(hour.series.rotations))} />}
        <span class="part">
          last <Ago time={rotations.last_at} never="none since the start" />
        </span>
      </Figure>
      <Figure
        label="Tasks on an old revision"
        value={formatCount(counts.outdated_tasks)}
        unit={`of ${formatCount(counts.tasks)}`}
        content={chart(formatCount, (series) => [{ label: 'outdated', tone: 'warn', values: series.outdated_tasks }])}
      >
        <Part label="services" value={formatCount(counts.services)} />
        <Part label="secrets" value={formatCount(counts.secrets)} />
      </Figure>
    </section>
  );
}

/** The figures of the plugin's process, each with its last hour. */
export function RuntimeFigures({ overview: { runtime } }: { readonly overview: Overview }) {
  const { history } = useDashboard();
  const chart = chartsOf(history.body.value);
  return (
    <section class="figures" aria-labelledby="runtime-title">
      <h2 class="figures-title" id="runtime-title">
        Process
      </h2>
      <Figure
        label="Memory"
        value={formatBytes(runtime.alloc_bytes)}
        unit="allocated"
        content={chart(formatBytes, (series) => [
          { label: 'system', tone: 'provider', values: series.sys_bytes },
          { label: 'heap', tone: 'memory', values: series.heap_bytes },
          { label: 'allocated', tone: 'plain', values: series.alloc_bytes },
        ])}
      >
        <Part tone="memory" label="heap" value={formatBytes(runtime.heap_bytes)} />
        <Part tone="provider" label="system" value={formatBytes(runtime.sys_bytes)} />
      </Figure>
      <Figure
        label="Goroutines"
        value={formatCount(runtime.goroutines)}
        content={chart(formatCount, (series) => [{ label: 'in flight', tone: 'plain', values: series.goroutines }])}
      >
        <span class="part">operations in flight</span>
      </Figure>
      <Figure
        label="Event loop lag"
        value={formatMs(runtime.event_loop_lag_ms)}
        content={chart(formatMs, (series) => [{ label: 'lag', tone: 'plain', values: series.event_loop_lag_ms }])}
      />
      <Figure
        label="Garbage collection"
        value={formatCount(runtime.gc_cycles)}
        unit="cycles"
        content={chart(formatMs, (series) => [{ label: 'pause', tone: 'plain', values: series.gc_pause_ms }])}
      >
        <Part label="paused" value={formatMs(runtime.gc_pause_total_ms)} />
        <span class="part">
          last <Ago time={runtime.gc_last_at} never="none yet" />
        </span>
      </Figure>
    </section>
  );
}

const total = (values: readonly (number | null)[]) => values.reduce<number>((sum, value) => sum + (value ?? 0), 0);

interface FigureProps {
  readonly label: string;
  readonly value: string;
  readonly unit?: string;
  readonly content: ChartContent | null;
  readonly children?: ComponentChildren;
}

function Figure({ label, value, unit, content, children }: FigureProps) {
  return (
    <section class="figure" aria-label={label}>
      <div class="figure-head">
        <h2>{label}</h2>
        <p class="value">
          {value} {unit !== undefined && <small>{unit}</small>}
        </p>
      </div>
      <p class="parts">{children}</p>
      {content === null ? <div class="chart-space" /> : <Chart label={label} content={content} />}
    </section>
  );
}

interface PartProps {
  readonly label: string;
  readonly value: string;
  readonly tone?: string;
  readonly alarm?: false | 'warn' | 'bad';
}

function Part({ label, value, tone, alarm = false }: PartProps) {
  return (
    <span class={alarm === false ? 'part' : `part ${alarm}`}>
      {tone !== undefined && <i class={`swatch swatch-${tone}`} aria-hidden="true" />} {label} <b>{value}</b>
    </span>
  );
}
