import type { Clock } from '@vault-swarm/kernel';
import type { Events, ProviderErrorCode } from '@vault-swarm/provider';

/** Where the events go, and what they are about. */
export interface CallEventsOptions {
  readonly provider: string;
  readonly clock: Clock;
  readonly events: Events;
}

/**
 * Emits one event for each request of a call. Whether a failed request is repeated, the SDK decides after it: so its event waits for
 * the next request, or for the end of the call.
 */
export class CallEvents {
  readonly #options: CallEventsOptions;
  #emitFailed: ((isRepeated: boolean) => void) | undefined;
  #isEnded = false;

  constructor(options: CallEventsOptions) {
    this.#options = options;
  }

  /** A request is sent now. Call the result with how it ended. */
  sent(operation: string): (outcome: 'ok' | ProviderErrorCode) => void {
    const { provider, clock, events } = this.#options;
    const startedAtMs = clock.monotonic();
    this.#flush(true);
    return (outcome) => {
      const durationMs = clock.monotonic() - startedAtMs;
      const event = { type: 'provider.request-completed', provider, operation, outcome, durationMs } as const;
      if (outcome === 'ok') events.emit(event);
      else this.#emitFailed = (isRepeated) => events.emit(isRepeated ? { ...event, isRepeated } : event);
      if (this.#isEnded) this.#flush(false);
    };
  }

  /** The call ended, whether its last request has or not. */
  ended(): void {
    this.#isEnded = true;
    this.#flush(false);
  }

  #flush(isRepeated: boolean): void {
    this.#emitFailed?.(isRepeated);
    this.#emitFailed = undefined;
  }
}
