/** The latest numbers, up to a fixed count, in memory that is allocated once. */
export class SampleRing {
  readonly #numbers: Float64Array;
  #pushed = 0;

  constructor(capacity: number) {
    this.#numbers = new Float64Array(capacity);
  }

  /**
   * Adds a number, rounded to three decimals, or `null` if there is none. If the ring is full, it replaces the oldest
   * number.
   */
  push(number: number | null): void {
    this.#numbers[this.#pushed % this.#numbers.length] =
      number === null ? Number.NaN : Math.round(number * 1000) / 1000;
    this.#pushed += 1;
  }

  /** The numbers, the oldest first. */
  values(): (number | null)[] {
    const count = Math.min(this.#pushed, this.#numbers.length);
    return Array.from({ length: count }, (_, index) => {
      const number = this.#numbers[(this.#pushed - count + index) % this.#numbers.length];
      return number === undefined || Number.isNaN(number) ? null : number;
    });
  }
}
