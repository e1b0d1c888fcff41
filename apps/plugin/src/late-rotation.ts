import type { RecordDelivery } from '@vault-swarm/delivery';
import { type Clock, DeadlineExceeded, Deferred } from '@vault-swarm/kernel';
import type {
  DeliveryRecord,
  LeasedAnswer,
  LeasedRequest,
  LeasedValues,
  RevisionRequest,
  RevisionSelection,
  RevisionSelector,
} from '@vault-swarm/provider';

/** The part of the rotation that deliveries need. */
export interface DeliveringRotation extends RevisionSelector, LeasedValues {
  record(delivered: DeliveryRecord): void;
}

const MAX_KEPT = 100_000;

/**
 * The rotation for deliveries, which start before it exists. Delivery records are kept for it. A request waits for it
 * until its deadline: then the task gets the current revision, and a request for a leased value is rejected.
 */
export class LateRotation implements RevisionSelector, LeasedValues {
  readonly #rotation = new Deferred<DeliveringRotation>();
  readonly #clock: Clock;
  readonly #kept: DeliveryRecord[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on `rotation` answers. It gets the records so far. */
  connect(rotation: DeliveringRotation): void {
    for (const delivered of this.#kept.splice(0)) {
      rotation.record(delivered);
      delivered.value.wipe();
    }
    this.#rotation.provide(rotation);
  }

  /** Records a delivery. Its value is lent for the call. */
  readonly record: RecordDelivery = (delivered) => {
    const rotation = this.#rotation.value;
    if (rotation !== null) rotation.record(delivered);
    else if (this.#kept.length < MAX_KEPT) this.#kept.push({ ...delivered, value: delivered.value.copy() });
  };

  choose(request: RevisionRequest): RevisionSelection | Promise<RevisionSelection> {
    return this.#rotation.value === null ? this.#chooseLater(request) : this.#rotation.value.choose(request);
  }

  async deliver(request: LeasedRequest): Promise<LeasedAnswer> {
    const leftMs = Math.max(0, request.untilMs - this.#clock.monotonic());
    const rotation = this.#rotation.value ?? (await this.#rotation.within(this.#clock, leftMs));
    if (rotation === null) throw new DeadlineExceeded(leftMs);
    return rotation.deliver(request);
  }

  async #chooseLater(request: RevisionRequest): Promise<RevisionSelection> {
    const rotation = await this.#rotation.within(this.#clock, request.untilMs - this.#clock.monotonic());
    return rotation === null ? { kind: 'current' } : rotation.choose(request);
  }
}
