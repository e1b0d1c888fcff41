/** A value that a secret had at its provider. Times are monotonic milliseconds of who wrote it. */
interface WrittenValue {
  readonly value: string;
  /** When its write was started: nobody can have it earlier. */
  readonly startedAtMs: number;
  /** When the write of the next one was done: since then it is an old one. */
  replacedAtMs: number;
}

/** When somebody asked for a value, and had it. */
export interface AskedAt {
  readonly requestedAtMs: number;
  readonly answeredAtMs: number;
}

/** Every value that a secret had at its provider, against which the answers are held. */
export class ValueHistory {
  readonly #values: WrittenValue[] = [];

  /** Notes a write from its start on. The returned function is called when the provider has taken it. */
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
   * What is wrong with an answer, in words that show no value; nothing where it is right: the secret had that value at
   * a time that is no further back than `stalenessMs` from when it was asked for.
   */
  problemOf(value: string, { requestedAtMs, answeredAtMs }: AskedAt, stalenessMs: number): string | undefined {
    const index = this.#values.findLastIndex((written) => written.value === value);
    const written = this.#values[index];
    if (written === undefined) return 'a value that this secret never had';
    if (written.startedAtMs > answeredAtMs) return 'a value that was written after the answer';
    const lateMs = requestedAtMs - written.replacedAtMs - stalenessMs;
    if (lateMs <= 0) return undefined;
    const behind = this.#values.length - 1 - index;
    return `a value that was replaced ${Math.round((requestedAtMs - written.replacedAtMs) / 100) / 10} s before it was asked for, ${behind} values ago`;
  }
}
