import {
  type Clock,
  type LabelReader,
  ProviderError,
  type ProviderInstance,
  type TimedEvent,
  withDeadline,
} from '@vault-swarm/provider';

/** The path that is asked for to see whether a provider answers. That there is nothing is an answer too. */
const QUESTION = { service: 'vault-swarm', secret: 'readiness' };

const ASK_DEADLINE_MS = 5_000;

/** A Docker that does not answer holds up no takeover: the values are the provider's. */
const DOCKER_PATIENCE_MS = 5_000;

/** Whether a provider and Docker have answered once. */
export class Readiness {
  readonly #clock: Clock;
  readonly #begunAtMs: number;
  #docker = false;
  #provider = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#begunAtMs = clock.monotonic();
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
    return this.#provider && (this.#docker || this.#clock.monotonic() - this.#begunAtMs > DOCKER_PATIENCE_MS);
  }

  /** Takes in what happens: a pass in which Docker answered, a value that came from a provider. */
  readonly observe = (event: TimedEvent): void => {
    if (event.type === 'reconcile.passed' && event.dockerAnswered) this.#docker = true;
    if (event.type === 'secret.delivered' && event.source === 'provider') this.#provider = true;
    if (event.type === 'revision.changed') this.#provider = true;
  };

  /**
   * Asks the provider for something that need not be there, unless one has answered already: before the first secret
   * is used nobody else asks it. Only an answer of the provider itself counts.
   */
  async ask(provider: Promise<ProviderInstance>, labels: LabelReader, stopping: AbortSignal): Promise<void> {
    if (this.#provider) return;
    try {
      const { ref } = labels.read({}, QUESTION.secret, QUESTION.service);
      await withDeadline(this.#clock, ASK_DEADLINE_MS, stopping, async (signal) =>
        (await provider).secrets.read(ref, { signal }),
      );
      this.#provider = true;
    } catch (error) {
      // That it does not answer is told by /readyz, and by the rotation's own watch as soon as a secret is used.
      if (error instanceof ProviderError && !error.retryable) this.#provider = true;
    }
  }
}
