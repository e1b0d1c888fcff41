/** The lower bound of the first bucket but one; what is quicker counts as this. */
const LEAST_MS = 0.01;
/** A bound is greater than the one before by the eighth root of 2, so what is read is off by 5 % at most. */
const BUCKETS_PER_DOUBLING = 8;
/** Up to 100 s and a bit; what is slower counts as this. */
const BUCKETS = 190;

/** How long something took, many times over, in a fixed number of counters: 760 bytes however often it was. */
export class LogHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;

  /** How many durations were recorded. */
  get count(): number {
    return this.#count;
  }

  /** Counts one duration. */
  record(durationMs: number): void {
    const bucket = Math.ceil(Math.log2(durationMs / LEAST_MS) * BUCKETS_PER_DOUBLING);
    const index = bucket > 0 ? Math.min(bucket, BUCKETS - 1) : 0;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
  }

  /** Adds what `other` counted. */
  add(other: LogHistogram): void {
    for (let index = 0; index < BUCKETS; index++) {
      this.#counts[index] = (this.#counts[index] ?? 0) + (other.#counts[index] ?? 0);
    }
    this.#count += other.#count;
  }

  /** Forgets all. */
  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
  }

  /**
   * The duration in milliseconds that the given share (0 to 1) of them did not exceed; `null` where there was none. It is
   * the middle of a bucket, so up to 5 % off.
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
