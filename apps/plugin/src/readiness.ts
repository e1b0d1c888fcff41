import type { Clock } from '@vault-swarm/kernel';
import type { TimedEvent } from '@vault-swarm/provider';

/** A Docker that does not answer holds up no takeover: the values are the provider's. */
const DOCKER_TIMEOUT_MS = 5_000;

/** Whether a provider and Docker have answered once. */
export class Readiness {
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  #docker = false;
  #provider = false;
  #canDeliver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAtMs = clock.monotonic();
  }

  /** What has not answered yet; empty when all has. */
  get waitingFor(): readonly string[] {
    return [...(this.#docker ? [] : ['Docker']), ...(this.#provider ? [] : ['a provider'])];
  }

  /**
   * Whether we answer no worse than a process that serves already: its memory may be all that there is while the
   * provider is away. What Docker tells (the services, the ledger) is waited for, but not for long.
   */
  get canTakeOver(): boolean {
    return this.#canDeliver && (this.#docker || this.#clock.monotonic() - this.#startedAtMs > DOCKER_TIMEOUT_MS);
  }

  /** Takes in what happens: a pass in which Docker answered, a value that came from a provider. */
  readonly observe = (event: TimedEvent): void => {
    if (event.type === 'reconcile.completed' && event.orchestratorAnswered) this.#docker = true;
    const isValue = event.type === 'secret.delivered' && event.source === 'provider';
    if (isValue || event.type === 'revision.changed') this.providerAnswered({ isDefault: true });
  };

  /** A provider answered a question: that of the secrets whose labels name none, or another. */
  providerAnswered({ isDefault }: { readonly isDefault: boolean }): void {
    this.#provider = true;
    this.#canDeliver ||= isDefault;
  }
}
