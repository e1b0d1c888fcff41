import type { Clock } from '@vault-swarm/kernel';
import { LogHistogram } from './log-histogram.ts';

const SLICES = 5;
const SLICE_MS = 60_000;

/** The median and the 99th percentile in milliseconds; `null` if there are no durations. */
export interface Percentiles {
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** The durations of the last four to five minutes. The size is fixed, and recording is cheap. */
export class RecentDurations {
  readonly #clock: Clock;
  readonly #slices = Array.from({ length: SLICES }, () => new LogHistogram());
  /** The number of the latest slice, counted from some moment. */
  #latest: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#latest = this.#now();
  }

  /** Records a duration that ended now. */
  record(durationMs: number): void {
    this.#turn();
    this.#slices[this.#latest % SLICES]?.record(durationMs);
  }

  /** The percentiles of the recorded durations. */
  percentiles(): Percentiles {
    this.#turn();
    const all = new LogHistogram();
    for (const slice of this.#slices) all.add(slice);
    return { p50Ms: all.quantileMs(0.5), p99Ms: all.quantileMs(0.99) };
  }

  #turn(): void {
    const now = this.#now();
    const passed = Math.min(now - this.#latest, SLICES);
    for (let back = 0; back < passed; back++) this.#slices[(now - back) % SLICES]?.clear();
    this.#latest = now;
  }

  #now(): number {
    return Math.max(0, Math.floor(this.#clock.monotonic() / SLICE_MS));
  }
}
