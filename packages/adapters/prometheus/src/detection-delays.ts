import type { ProductEvent } from '@vault-swarm/provider';

/** For how many secrets the latest change is remembered. */
const MAX_REMEMBERED = 10_000;

/** Remembers, for each secret, the time between its latest change and the detection of it. */
export class DetectionDelays {
  /** By secret, in milliseconds; the latest detected change is last. */
  readonly #unseenForMs = new Map<string, number>();

  /** Records a change detected at `atMs`. A provider's clock may be ahead of ours; the delay is then 0. */
  seen(
    { secrets, createdAtMs }: Pick<Extract<ProductEvent, { type: 'revision.changed' }>, 'secrets' | 'createdAtMs'>,
    atMs: number,
  ): void {
    for (const secret of secrets) {
      this.#unseenForMs.delete(secret);
      this.#unseenForMs.set(secret, createdAtMs === null ? 0 : Math.max(0, atMs - createdAtMs));
    }
    for (const secret of this.#unseenForMs.keys()) {
      if (this.#unseenForMs.size <= MAX_REMEMBERED) break;
      this.#unseenForMs.delete(secret);
    }
  }

  /** The longest delay among these secrets; 0 if this process detected no change of them. */
  unseenForMs(secrets: readonly string[]): number {
    return Math.max(0, ...secrets.map((secret) => this.#unseenForMs.get(secret) ?? 0));
  }
}
