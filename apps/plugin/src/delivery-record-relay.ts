import type { RecordDelivery } from '@vault-swarm/delivery';
import type { DeliveryRecord } from '@vault-swarm/provider';

const MAX_KEPT = 100_000;

/**
 * Brings what was delivered to the rotation. Delivery starts first: what it gives before the rotation is made is kept
 * for it.
 */
export class DeliveryRecordRelay {
  readonly #kept: DeliveryRecord[] = [];
  #record: RecordDelivery | null = null;

  readonly record: RecordDelivery = (delivered) => {
    if (this.#record !== null) this.#record(delivered);
    else if (this.#kept.length < MAX_KEPT) this.#kept.push({ ...delivered, value: delivered.value.copy() });
  };

  connect(record: RecordDelivery): void {
    for (const delivered of this.#kept.splice(0)) {
      record(delivered);
      delivered.value.wipe();
    }
    this.#record = record;
  }
}
