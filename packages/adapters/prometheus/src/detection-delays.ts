import type { ProductEvent } from '@vault-swarm/provider';

/** So many secrets' latest changes are remembered. */
const MAX_REMEMBERED = 10_000;

/** Remembers how long the latest change of each secret had been made when it was seen. */
export class DetectionDelays {
  /** By secret, in milliseconds; the latest seen last. */
  readonly #unseenForMs = new Map<string, number>();

  /** A change was seen, at `atMs`. A provider's clock may be ahead of ours: then it counts as seen at once. */
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

  /** The longest of these secrets' latest changes; 0 where this process has seen none. */
  unseenForMs(secrets: readonly string[]): number {
    return Math.max(0, ...secrets.map((secret) => this.#unseenForMs.get(secret) ?? 0));
  }
}
