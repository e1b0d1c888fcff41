import type { Clock } from '@vault-swarm/kernel';
import { LogHistogram } from './log-histogram.ts';

const SLICES = 5;
const SLICE_MS = 60_000;

/** Median and 99th percentile in milliseconds; `null` where there was nothing. */
export interface Percentiles {
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** How long something took within the last four to five minutes. It has a fixed size, and to record costs next to nothing. */
export class RecentDurations {
  readonly #clock: Clock;
  readonly #slices = Array.from({ length: SLICES }, () => new LogHistogram());
  /** Number of the latest slice since some moment. */
  #latest: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#latest = this.#now();
  }

  /** Notes one duration, of now. */
  record(durationMs: number): void {
    this.#turn();
    this.#slices[this.#latest % SLICES]?.record(durationMs);
  }

  /** What is typical, and what is slow. */
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
