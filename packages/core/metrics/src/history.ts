import type { Clock } from '@vault-swarm/kernel';
import { isOutageCode, type ProductEvent } from '@vault-swarm/provider';
import { LogHistogram } from './log-histogram.ts';
import type { Stats } from './reports.ts';
import { SampleRing } from './sample-ring.ts';

const INTERVAL_MS = 10_000;
/** An hour. */
const SAMPLES = 360;

/** The series of the plugin. Counters and percentiles cover only the sample's interval. */
const SERIES = [
  'alloc_bytes',
  'sys_bytes',
  'heap_bytes',
  'goroutines',
  'event_loop_lag_ms',
  'gc_pause_ms',
  'gc_cycles',
  'rotations',
  'rotation_errors',
  'delivered_cache',
  'delivered_provider',
  'delivered_stale',
  'refused',
  'delivery_p99_ms',
  'outdated_tasks',
] as const;

/** The series of each provider. They cover only the sample's interval. */
const PROVIDER_SERIES = ['requests', 'errors', 'latency_p50_ms', 'latency_p99_ms'] as const;

type SeriesName = (typeof SERIES)[number];
type ProviderSeriesName = (typeof PROVIDER_SERIES)[number];

/** The response of `/api/v1/history`. Each array is as long as `at`. An entry is `null` if there was nothing to measure. */
export interface HistoryReport {
  readonly interval_seconds: number;
  /** When each sample was taken, the oldest first, in seconds since 1970. */
  readonly at: readonly number[];
  readonly series: Readonly<Record<SeriesName, readonly (number | null)[]>>;
  readonly providers: Readonly<Record<string, Readonly<Record<ProviderSeriesName, readonly (number | null)[]>>>>;
}

/** The sources of a sample. */
export interface HistorySources {
  /** The names of the configured provider instances. */
  readonly providers: readonly string[];
  stats(): Stats;
  /** The number of running tasks without the newest revisions. */
  outdatedTasks(): number;
}

interface ProviderInterval {
  requests: number;
  errors: number;
  readonly durations: LogHistogram;
}

/**
 * The last hour, with one sample every 10 s, in a fixed amount of memory. If the process was suspended, samples are
 * missing: `at` has the time of each sample.
 */
export class History {
  readonly #clock: Clock;
  readonly #sources: HistorySources;
  readonly #at = new SampleRing(SAMPLES);
  readonly #series = ringsFor(SERIES);
  readonly #providers: ReadonlyMap<string, Record<ProviderSeriesName, SampleRing>>;
  /** Counts since the latest sample. */
  readonly #deliveries = { cache: 0, provider: 0, stale: 0, refused: 0 };
  readonly #deliveryDurations = new LogHistogram();
  readonly #requests: ReadonlyMap<string, ProviderInterval>;
  #before: Stats | null = null;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, sources: HistorySources) {
    this.#clock = clock;
    this.#sources = sources;
    this.#providers = new Map(sources.providers.map((name) => [name, ringsFor(PROVIDER_SERIES)]));
    this.#requests = new Map(
      sources.providers.map((name) => [name, { requests: 0, errors: 0, durations: new LogHistogram() }]),
    );
  }

  /** Call this with every event. */
  observe(event: ProductEvent): void {
    switch (event.type) {
      case 'secret.delivered':
        this.#deliveries[event.source] += 1;
        this.#deliveryDurations.record(event.durationMs);
        return;
      case 'delivery.failed':
        this.#deliveries.refused += 1;
        this.#deliveryDurations.record(event.durationMs);
        return;
      case 'provider.request-completed':
        this.#requested(event);
        return;
    }
  }

  /** Starts to take a sample every interval. */
  start(): void {
    this.#before = this.#sources.stats();
    const next = () => {
      this.#cancel = this.#clock.after(INTERVAL_MS, () => {
        next();
        this.#sample();
      });
    };
    next();
  }

  /** Stops sampling. */
  close(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** All samples. */
  report(): HistoryReport {
    return {
      interval_seconds: INTERVAL_MS / 1000,
      at: this.#at.values().map((at) => at ?? 0),
      series: valuesOf(this.#series),
      providers: Object.fromEntries([...this.#providers].map(([name, rings]) => [name, valuesOf(rings)])),
    };
  }

  #requested({ provider, outcome, durationMs, isRepeated = false }: RequestedEvent): void {
    const interval = this.#requests.get(provider);
    if (interval === undefined) return;
    interval.requests += 1;
    if (isOutageCode(outcome) && !isRepeated) interval.errors += 1;
    interval.durations.record(durationMs);
  }

  #sample(): void {
    const now = this.#sources.stats();
    const before = this.#before ?? now;
    this.#before = now;
    this.#at.push(Math.round(this.#clock.now() / 1000));
    const sample: Readonly<Record<SeriesName, number | null>> = {
      alloc_bytes: now.runtime.allocBytes,
      sys_bytes: now.runtime.sysBytes,
      heap_bytes: now.runtime.heapBytes,
      goroutines: now.runtime.operationsInFlight,
      event_loop_lag_ms: now.runtime.eventLoopLagMs,
      gc_pause_ms: now.runtime.gcPauseTotalMs - before.runtime.gcPauseTotalMs,
      gc_cycles: now.runtime.gcCycles - before.runtime.gcCycles,
      rotations: now.rotations - before.rotations,
      rotation_errors: now.rotationErrors - before.rotationErrors,
      delivered_cache: this.#deliveries.cache,
      delivered_provider: this.#deliveries.provider,
      delivered_stale: this.#deliveries.stale,
      refused: this.#deliveries.refused,
      delivery_p99_ms: this.#deliveryDurations.quantileMs(0.99),
      outdated_tasks: this.#sources.outdatedTasks(),
    };
    for (const name of SERIES) this.#series[name].push(sample[name]);
    Object.assign(this.#deliveries, { cache: 0, provider: 0, stale: 0, refused: 0 });
    this.#deliveryDurations.clear();
    for (const [name, interval] of this.#requests) {
      const { requests, errors, durations } = interval;
      const rings = this.#providers.get(name);
      rings?.requests.push(requests);
      rings?.errors.push(errors);
      rings?.latency_p50_ms.push(durations.quantileMs(0.5));
      rings?.latency_p99_ms.push(durations.quantileMs(0.99));
      interval.requests = 0;
      interval.errors = 0;
      durations.clear();
    }
  }
}

type RequestedEvent = Extract<ProductEvent, { readonly type: 'provider.request-completed' }>;

function ringsFor<Name extends string>(names: readonly Name[]): Record<Name, SampleRing> {
  return Object.fromEntries(names.map((name) => [name, new SampleRing(SAMPLES)])) as Record<Name, SampleRing>;
}

function valuesOf<Name extends string>(rings: Record<Name, SampleRing>): Record<Name, (number | null)[]> {
  const entries = Object.entries<SampleRing>(rings).map(([name, ring]) => [name, ring.values()]);
  return Object.fromEntries(entries) as Record<Name, (number | null)[]>;
}
