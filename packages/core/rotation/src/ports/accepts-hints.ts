/** Accepts hints that a provider's secrets may have changed. */
export interface AcceptsHints {
  /**
   * Polls the provider soon, here if this process leads, else on the leader. A provider is polled at most once a second
   * for hints. Never throws. A hint may be lost if the process ends: the next poll finds the change anyway.
   *
   * @param hook the configured name of the hook that it came from.
   */
  hint(provider: string, hook: string): void;
}
