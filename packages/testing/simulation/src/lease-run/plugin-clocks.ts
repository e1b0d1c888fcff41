/**
 * How far the clock of each life of the plugin is ahead. It goes on as before if the manager's clock is set back: a clock
 * that was ahead once stays so until the process ends.
 */
export class PluginClocks {
  readonly #aheadMs = new Map<string, number>();

  /** Call it whenever the manager's clock may have changed. @param process names the life of the plugin. */
  look(process: string, offsetMs: number): void {
    this.#aheadMs.set(process, Math.max(offsetMs, this.#aheadMs.get(process) ?? offsetMs));
  }

  /** Negative if it is behind. */
  aheadMs(process: string): number {
    return this.#aheadMs.get(process) ?? 0;
  }
}
