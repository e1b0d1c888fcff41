/** A value that a secret had at its provider. Times are monotonic milliseconds of the writer. */
interface WrittenValue {
  readonly value: string;
  /** When its write started: no reader can have it earlier. */
  readonly startedAtMs: number;
  /** When the write of the next value was done: since then this one is old. */
  replacedAtMs: number;
}

/** The times of a request and its response. */
export interface RequestTimes {
  readonly requestedAtMs: number;
  readonly answeredAtMs: number;
}

/** Every value that a secret had at its provider, to check responses. */
export class ValueHistory {
  readonly #values: WrittenValue[] = [];

  /** Records a write when it starts. Call the returned function when the provider has accepted it. */
  start(value: string, nowMs: number): (doneAtMs: number) => void {
    const before = this.#values.at(-1);
    this.#values.push({ value, startedAtMs: nowMs, replacedAtMs: Number.POSITIVE_INFINITY });
    return (doneAtMs) => {
      if (before !== undefined) before.replacedAtMs = doneAtMs;
    };
  }

  /** The value that was written last. */
  get current(): string | undefined {
    return this.#values.at(-1)?.value;
  }

  /**
   * Describes what is wrong with a response, without a value; undefined if it is right: the secret had that value no more than
   * `stalenessMs` before the request.
   */
  problemOf(value: string, { requestedAtMs, answeredAtMs }: RequestTimes, stalenessMs: number): string | undefined {
    const index = this.#values.findLastIndex((written) => written.value === value);
    const written = this.#values[index];
    if (written === undefined) return 'a value that this secret never had';
    if (written.startedAtMs > answeredAtMs) return 'a value that was written after the answer';
    const lateMs = requestedAtMs - written.replacedAtMs - stalenessMs;
    if (lateMs <= 0) return undefined;
    const behind = this.#values.length - 1 - index;
    return `a value that was replaced ${Math.round((requestedAtMs - written.replacedAtMs) / 100) / 10} s before the request, ${behind} values ago`;
  }
}
