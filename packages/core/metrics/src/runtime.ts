/** What the process uses, at one moment. */
export interface RuntimeStats {
  /** Active resources of the event loop; what other runtimes call goroutines. */
  readonly operationsInFlight: number;
  /** The used heap and the memory outside of it. */
  readonly allocBytes: number;
  /** The resident set. */
  readonly sysBytes: number;
  /** The total heap. */
  readonly heapBytes: number;
  /** Garbage collections since the start, and how long they took in all. Both only grow. */
  readonly gcCycles: number;
  readonly gcPauseTotalMs: number;
  /** The end of the last collection, in milliseconds since 1970; `null` where there was none. */
  readonly lastGcAtMs: number | null;
  /** The longest that the event loop was held up lately (10 to 20 s), in milliseconds. */
  readonly eventLoopLagMs: number;
}

/** Checks the process that we run in. Cheap enough for every request. */
export interface RuntimeProbe {
  read(): RuntimeStats;
}
