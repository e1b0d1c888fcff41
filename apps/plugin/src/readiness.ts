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

/** Whether a provider and Docker have answered once. */
export class Readiness {
  #docker = false;
  #provider = false;

  /** What has not answered yet; empty when all has. */
  get waitingFor(): readonly string[] {
    return [...(this.#docker ? [] : ['Docker']), ...(this.#provider ? [] : ['a provider'])];
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
  async ask(
    provider: Promise<ProviderInstance>,
    labels: LabelReader,
    clock: Clock,
    stopping: AbortSignal,
  ): Promise<void> {
    if (this.#provider) return;
    try {
      const { ref } = labels.read({}, QUESTION.secret, QUESTION.service);
      await withDeadline(clock, ASK_DEADLINE_MS, stopping, async (signal) =>
        (await provider).secrets.read(ref, { signal }),
      );
      this.#provider = true;
    } catch (error) {
      // That it does not answer is told by /readyz, and by the rotation's own watch as soon as a secret is used.
      if (error instanceof ProviderError && !error.retryable) this.#provider = true;
    }
  }
}
