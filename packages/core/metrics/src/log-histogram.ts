/** The upper bound of the first bucket. Shorter durations count in that bucket. */
const LEAST_MS = 0.01;
/** Each bound is the previous one times the eighth root of 2. So a quantile is off by 5 % at most. */
const BUCKETS_PER_DOUBLING = 8;
/** The last bucket ends at a little more than 100 s. Longer durations count in that bucket. */
const BUCKETS = 190;

/** A histogram of durations with a fixed number of counters: 760 bytes for any number of durations. */
export class LogHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;

  /** The number of recorded durations. */
  get count(): number {
    return this.#count;
  }

  /** Records one duration. */
  record(durationMs: number): void {
    const bucket = Math.ceil(Math.log2(durationMs / LEAST_MS) * BUCKETS_PER_DOUBLING);
    const index = bucket > 0 ? Math.min(bucket, BUCKETS - 1) : 0;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
  }

  /** Adds the counts of `other`. */
  add(other: LogHistogram): void {
    for (let index = 0; index < BUCKETS; index++) {
      this.#counts[index] = (this.#counts[index] ?? 0) + (other.#counts[index] ?? 0);
    }
    this.#count += other.#count;
  }

  /** Resets all counts. */
  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
  }

  /**
   * The duration in milliseconds that the given share (0 to 1) of all durations did not exceed; `null` if there are
   * none. It is the middle of a bucket, so it is off by up to 5 %.
   */
  quantileMs(share: number): number | null {
    if (this.#count === 0) return null;
    const wanted = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    let index = -1;
    while (seen < wanted) seen += this.#counts[++index] ?? wanted;
    return LEAST_MS * 2 ** ((index - 0.5) / BUCKETS_PER_DOUBLING);
  }
}
