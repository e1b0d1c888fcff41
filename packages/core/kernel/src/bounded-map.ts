/** The limits of a {@link BoundedMap}. */
export interface MapLimits {
  readonly maxEntries: number;
  /** The length of all keys together, in UTF-16 code units; by default 4 million. */
  readonly maxKeyLength?: number;
}

const MAX_KEY_LENGTH = 4_000_000;

/**
 * A map for keys that come from outside (labels, names, hosts). It has a limit for the number of entries and for the
 * length of the keys. The entries that were set longest ago are evicted first.
 */
export class BoundedMap<V> {
  readonly #limits: Required<MapLimits>;
  readonly #entries = new Map<string, V>();
  #keyLength = 0;

  constructor({ maxEntries, maxKeyLength = MAX_KEY_LENGTH }: MapLimits) {
    this.#limits = { maxEntries, maxKeyLength };
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Sets an entry. It becomes the last one to be evicted. */
  set(key: string, value: V): void {
    this.delete(key);
    this.#entries.set(key, value);
    this.#keyLength += key.length;
    for (const oldest of this.#entries.keys()) {
      const isFull = this.#entries.size > this.#limits.maxEntries || this.#keyLength > this.#limits.maxKeyLength;
      if (!isFull) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    if (this.#entries.delete(key)) this.#keyLength -= key.length;
  }

  clear(): void {
    this.#entries.clear();
    this.#keyLength = 0;
  }

  /** The values. The one that was set longest ago is the first. */
  values(): IterableIterator<V> {
    return this.#entries.values();
  }
}
