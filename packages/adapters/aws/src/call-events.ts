import type { Clock } from '@vault-swarm/kernel';
import type { Events, ProviderErrorCode } from '@vault-swarm/provider';

/** The destination of the events, and the provider's name. */
export interface CallEventsOptions {
  readonly provider: string;
  readonly clock: Clock;
  readonly events: Events;
}

/**
 * Emits one event for each request of a call. The SDK decides after a failure whether it retries, so the event of a
 * failed request waits for the next request or the end of the call.
 */
export class CallEvents {
  readonly #options: CallEventsOptions;
  #emitFailed: ((isRepeated: boolean) => void) | undefined;
  #isEnded = false;

  constructor(options: CallEventsOptions) {
    this.#options = options;
  }

  /** Call it when a request is sent, and its result with the outcome. */
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

  /** Call it when the call ended, even if its last request did not. */
  ended(): void {
    this.#isEnded = true;
    this.#flush(false);
  }

  #flush(isRepeated: boolean): void {
    this.#emitFailed?.(isRepeated);
    this.#emitFailed = undefined;
  }
}
