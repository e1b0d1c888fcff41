import type { Events, ProviderError } from '@vault-swarm/provider';

/**
 * Which providers do not answer, as polls and health checks found it. Only here the start and the end of an outage are
 * reported, each once: `provider.failed` and `provider.recovered`.
 */
export class ProviderOutages {
  readonly #events: Events;
  readonly #failing = new Set<string>();

  constructor(events: Events) {
    this.#events = events;
  }

  /** The provider did not answer, or does not serve the plugin now. */
  failed(provider: string, { code, message }: Pick<ProviderError, 'code' | 'message'>): void {
    if (this.#failing.has(provider)) return;
    this.#failing.add(provider);
    this.#events.emit({ type: 'provider.failed', provider, code, message });
  }

  /** The provider answers. */
  answered(provider: string): void {
    if (this.#failing.delete(provider)) this.#events.emit({ type: 'provider.recovered', provider });
  }
}
