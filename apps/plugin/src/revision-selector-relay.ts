import type { ChoiceRequest, ChosenRevision, RevisionChoice } from '@vault-swarm/delivery';
import type { Clock } from '@vault-swarm/provider';

/**
 * Asks the rotation which revision a task is to be given. Delivery begins first: requests that come before the rotation is
 * there wait for it as long as they may, and are then given the current revision.
 */
export class RevisionChoiceRelay implements RevisionChoice {
  readonly #connected = Promise.withResolvers<RevisionChoice>();
  readonly #clock: Clock;
  #choice: RevisionChoice | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on `choice` answers. */
  connect(choice: RevisionChoice): void {
    this.#choice = choice;
    this.#connected.resolve(choice);
  }

  choose(request: ChoiceRequest): ChosenRevision | Promise<ChosenRevision> {
    return this.#choice === null ? this.#chooseLater(request) : this.#choice.choose(request);
  }

  async #chooseLater(request: ChoiceRequest): Promise<ChosenRevision> {
    const tooLate = Promise.withResolvers<null>();
    const cancel = this.#clock.after(request.untilMs - this.#clock.monotonic(), () => tooLate.resolve(null));
    const choice = await Promise.race([this.#connected.promise, tooLate.promise]);
    cancel();
    return choice === null ? { kind: 'current' } : choice.choose(request);
  }
}
