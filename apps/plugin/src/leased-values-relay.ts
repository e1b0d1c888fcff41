import { type Clock, withDeadline } from '@vault-swarm/kernel';
import type { LeasedAnswer, LeasedRequest, LeasedValues } from '@vault-swarm/provider';

/** Asks the rotation for leased values. Requests before the rotation exists wait for it until their deadline. */
export class LeasedValuesRelay implements LeasedValues {
  readonly #connected = Promise.withResolvers<LeasedValues>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on `values` answers. */
  connect(values: LeasedValues): void {
    this.#connected.resolve(values);
  }

  async deliver(request: LeasedRequest): Promise<LeasedAnswer> {
    const leftMs = Math.max(0, request.untilMs - this.#clock.monotonic());
    const values = await withDeadline(this.#clock, leftMs, undefined, () => this.#connected.promise);
    return values.deliver(request);
  }
}
