import type { Clock } from '@vault-swarm/kernel';
import type { TimedEvent } from '@vault-swarm/provider';

/** An unresponsive Docker delays a takeover only for this time, because values come from the provider. */
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

  /** What has not answered yet; empty if all has. */
  get waitingFor(): readonly string[] {
    return [...(this.#docker ? [] : ['Docker']), ...(this.#provider ? [] : ['a provider'])];
  }

  /**
   * Whether this process can answer as well as the one that serves now, whose cache may be the only source of values
   * during a provider outage. Docker's data (services, ledger) is waited for, but not for long.
   */
  get canTakeOver(): boolean {
    return this.#canDeliver && (this.#docker || this.#clock.monotonic() - this.#startedAtMs > DOCKER_TIMEOUT_MS);
  }

  /** Records events: a reconcile pass in which Docker answered, a value from a provider. */
  observe(event: TimedEvent): void {
    if (event.type === 'reconcile.completed' && event.orchestratorAnswered) this.#docker = true;
    const isValue = event.type === 'secret.delivered' && event.source === 'provider';
    if (isValue || event.type === 'revision.changed') this.providerAnswered({ isDefault: true });
  }

  /** Call it when a provider answered: the default one, or another. */
  providerAnswered({ isDefault }: { readonly isDefault: boolean }): void {
    this.#provider = true;
    this.#canDeliver ||= isDefault;
  }
}
