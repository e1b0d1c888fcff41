/** How much a {@link BoundedMap} may hold. */
export interface MapLimits {
  readonly maxEntries: number;
  /** Of all keys together, in UTF-16 code units; 4 million if not given. */
  readonly maxKeyLength?: number;
}

const MAX_KEY_LENGTH = 4_000_000;

/**
 * A map whose keys come from outside (labels, names, hosts): it never holds more than its limits, in number and in the length
 * of its keys. The entries that were set longest ago go first.
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

  /** Sets an entry, which goes last from now on. */
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

  /** The values, the one set longest ago first. */
  values(): IterableIterator<V> {
    return this.#entries.values();
  }
}
