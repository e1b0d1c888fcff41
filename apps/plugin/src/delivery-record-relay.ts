import type { RecordDelivery } from '@vault-swarm/delivery';
import type { DeliveryRecord } from '@vault-swarm/provider';

const MAX_KEPT = 100_000;

/**
 * Passes delivery records to the rotation. Delivery starts first: records from before the rotation exists are
 * buffered.
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
