import type { Clock } from '@vault-swarm/kernel';
import type { RevisionRequest, RevisionSelection, RevisionSelector } from '@vault-swarm/provider';

/**
 * Asks the rotation for the revision of a task. Delivery starts first: requests before the rotation exists wait for it
 * as long as their deadline allows, and then get the current revision.
 */
export class RevisionSelectorRelay implements RevisionSelector {
  readonly #connected = Promise.withResolvers<RevisionSelector>();
  readonly #clock: Clock;
  #choice: RevisionSelector | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on `choice` answers. */
  connect(choice: RevisionSelector): void {
    this.#choice = choice;
    this.#connected.resolve(choice);
  }

  choose(request: RevisionRequest): RevisionSelection | Promise<RevisionSelection> {
    return this.#choice === null ? this.#chooseLater(request) : this.#choice.choose(request);
  }

  async #chooseLater(request: RevisionRequest): Promise<RevisionSelection> {
    const tooLate = Promise.withResolvers<null>();
    const cancel = this.#clock.after(request.untilMs - this.#clock.monotonic(), () => tooLate.resolve(null));
    const choice = await Promise.race([this.#connected.promise, tooLate.promise]);
    cancel();
    return choice === null ? { kind: 'current' } : choice.choose(request);
  }
}
