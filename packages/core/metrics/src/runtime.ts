/** The resources of the process at one moment. */
export interface RuntimeStats {
  /** Active resources of the event loop. Other runtimes call them goroutines. */
  readonly operationsInFlight: number;
  /** The used heap and the memory outside the heap. */
  readonly allocBytes: number;
  /** The resident set. */
  readonly sysBytes: number;
  /** The total heap. */
  readonly heapBytes: number;
  /** The number of garbage collections since the start, and their total time. Both only increase. */
  readonly gcCycles: number;
  readonly gcPauseTotalMs: number;
  /** The end of the last collection, in milliseconds since 1970; `null` if there was none. */
  readonly lastGcAtMs: number | null;
  /** The longest recent delay of the event loop (last 10 to 20 s), in milliseconds. */
  readonly eventLoopLagMs: number;
}

/** Reads the resources of this process. It is cheap enough for every request. */
export interface RuntimeProbe {
  read(): RuntimeStats;
}
