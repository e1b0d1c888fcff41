import type { ChoiceRequest, ChosenRevision, RevisionChoice } from '@vault-swarm/delivery';

/**
 * Asks the rotation which revision a task is to be given. Delivery begins first: who asks before the rotation is made
 * waits for it, but not for long.
 */
export class RevisionChoiceRelay implements RevisionChoice {
  readonly #made = Promise.withResolvers<RevisionChoice>();
  readonly #waitMs: number;
  #choice: RevisionChoice | null = null;

  /** @param waitMs how long a request waits for the rotation before it is given the current revision. */
  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** From now on `choice` answers. */
  connect(choice: RevisionChoice): void {
    this.#choice = choice;
    this.#made.resolve(choice);
  }

  choose(request: ChoiceRequest): ChosenRevision | Promise<ChosenRevision> {
    return this.#choice === null ? this.#chooseLater(request) : this.#choice.choose(request);
  }

  async #chooseLater(request: ChoiceRequest): Promise<ChosenRevision> {
    const tooLate = Promise.withResolvers<null>();
    const timer = setTimeout(tooLate.resolve, this.#waitMs, null);
    const choice = await Promise.race([this.#made.promise, tooLate.promise]);
    clearTimeout(timer);
    return choice === null ? { kind: 'current' } : choice.choose(request);
  }
}
