import type { Clock } from '@vault-swarm/kernel';
import type { TimedEvent } from '@vault-swarm/provider';

/** An unresponsive orchestrator delays a takeover only for this time, because values come from the provider. */
const ORCHESTRATOR_TIMEOUT_MS = 5_000;

/** Whether a provider and the orchestrator have answered once. */
export class Readiness {
  readonly #clock: Clock;
  readonly #orchestrator: string;
  readonly #startedAtMs: number;
  #orchestratorAnswered = false;
  #provider = false;
  #canDeliver = false;

  /** @param orchestrator its name for users. */
  constructor(clock: Clock, orchestrator: string) {
    this.#clock = clock;
    this.#orchestrator = orchestrator;
    this.#startedAtMs = clock.monotonic();
  }

  /** What has not answered yet; empty if all has. */
  get waitingFor(): readonly string[] {
    return [...(this.#orchestratorAnswered ? [] : [this.#orchestrator]), ...(this.#provider ? [] : ['a provider'])];
  }

  /**
   * Whether this process can answer as well as the one that serves now, whose cache may be the only source of values
   * during a provider outage. The orchestrator's data (services, ledger) is waited for, but not for long.
   */
  get canTakeOver(): boolean {
    return (
      this.#canDeliver &&
      (this.#orchestratorAnswered || this.#clock.monotonic() - this.#startedAtMs > ORCHESTRATOR_TIMEOUT_MS)
    );
  }

  /** Records events: a reconcile pass in which the orchestrator answered, a value from a provider. */
  observe(event: TimedEvent): void {
    if (event.type === 'reconcile.completed' && event.orchestratorAnswered) this.#orchestratorAnswered = true;
    const isValue = event.type === 'secret.delivered' && event.source === 'provider';
    if (isValue || event.type === 'revision.changed') this.providerAnswered({ isDefault: true });
  }

  /** Call it when a provider answered: the default one, or another. */
  providerAnswered({ isDefault }: { readonly isDefault: boolean }): void {
    this.#provider = true;
    this.#canDeliver ||= isDefault;
  }
}
