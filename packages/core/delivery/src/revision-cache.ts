import type { SecretRevision, SecretValue } from '@vault-swarm/provider';

/** The newest revision of a ref, and when that was last confirmed. */
export interface CurrentRevision {
  readonly revision: SecretRevision;
  /**
   * Monotonic milliseconds: when the read or probe started that last confirmed it. A newer revision can exist only
   * since then.
   */
  readonly confirmedAtMs: number;
}

/** How much the cache may hold. */
export interface CacheLimits {
  readonly maxRevisions: number;
  readonly maxBytes: number;
}

interface Entry {
  /** The oldest first. The last one is the current one, unless the ref was forgotten. */
  revisions: Map<string, SecretRevision>;
  current: CurrentRevision | null;
}

/** The current revision and the previous one, which tasks of an unfinished rollout may still have. */
const REVISIONS_PER_REF = 2;

/**
 * Caches values by ref and revision, with a pointer to the current revision of each ref. It is limited in number and
 * bytes. The least recently used refs are evicted first.
 */
export class RevisionCache {
  readonly #limits: CacheLimits;
  /** By ref key: revisions that no limit evicts. */
  #pinned: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #drop: (value: SecretValue) => void;
  readonly #onEvicted: (revisions: number) => void;
  #isLocked = false;
  #revisions = 0;
  #bytes = 0;

  /**
   * @param drop is called with each value that the cache got and does not hold or no longer holds.
   * @param onEvicted is called with the number of revisions that were evicted because a limit was reached.
   */
  constructor(
    limits: CacheLimits,
    drop: (value: SecretValue) => void,
    onEvicted: (revisions: number) => void = () => undefined,
  ) {
    this.#limits = limits;
    this.#drop = drop;
    this.#onEvicted = onEvicted;
  }

  /** The number and the bytes of the cached revisions. */
  get size(): { readonly revisions: number; readonly bytes: number } {
    return { revisions: this.#revisions, bytes: this.#bytes };
  }

  /** The ref's current revision, or `undefined`. Counts as a use. */
  current(key: string): CurrentRevision | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.current ?? undefined;
  }

  /** A cached revision of the ref, current or not. Counts as a use. */
  get(key: string, revision: string): SecretRevision | undefined {
    const entry = this.#entries.get(key);
    const cached = entry?.revisions.get(revision);
    if (entry === undefined || cached === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return cached;
  }

  /** Sets the pinned revisions, by ref key. They are kept beyond all limits, even if the ref is forgotten. */
  pin(revisions: ReadonlyMap<string, ReadonlySet<string>>): void {
    this.#pinned = revisions;
  }

  /** Locks or unlocks the cache. Locking evicts all values. A locked cache takes no values. */
  lock(isLocked: boolean): void {
    this.#isLocked = isLocked;
    if (isLocked) this.clear();
  }

  /** Adds an older revision, which is not the current one. */
  add(key: string, revision: SecretRevision): void {
    if (this.#isLocked) {
      this.#drop(revision.value);
      return;
    }
    const entry = this.#entries.get(key) ?? { revisions: new Map<string, SecretRevision>(), current: null };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (entry.revisions.has(revision.revision)) {
      this.#drop(revision.value);
      return;
    }
    // It is older than the cached ones, so it must be the first to be evicted.
    entry.revisions = new Map([[revision.revision, revision], ...entry.revisions]);
    this.#revisions += 1;
    this.#bytes += revision.value.byteLength;
    this.#trim(key, entry);
    this.#evict(key);
  }

  /**
   * Adds the result of a read. The result is dropped if its read started before the current revision was last
   * confirmed, because it may be older.
   *
   * @param readStartedAtMs monotonic milliseconds.
   */
  store(key: string, revision: SecretRevision, readStartedAtMs: number): void {
    if (this.#isLocked) {
      this.#drop(revision.value);
      return;
    }
    const entry = this.#entries.get(key) ?? { revisions: new Map<string, SecretRevision>(), current: null };
    if (entry.current !== null && readStartedAtMs < entry.current.confirmedAtMs) {
      this.#drop(revision.value);
      return;
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#remove(entry, revision.revision);
    entry.revisions.set(revision.revision, revision);
    this.#revisions += 1;
    this.#bytes += revision.value.byteLength;
    entry.current = { revision, confirmedAtMs: readStartedAtMs };
    this.#trim(key, entry);
    this.#evict(key);
  }

  /** Records that a probe, which started at `atMs` (monotonic), found that `revision` is still current. */
  revalidate(key: string, revision: string, atMs: number): void {
    const entry = this.#entries.get(key);
    if (entry?.current?.revision.revision !== revision || atMs < entry.current.confirmedAtMs) return;
    entry.current = { ...entry.current, confirmedAtMs: atMs };
  }

  /** Forgets a ref for which the provider has no value any more. Only its pinned revisions stay in the cache. */
  forget(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.current = null;
    for (const revision of [...entry.revisions.keys()]) {
      if (!this.#isPinned(key, revision)) this.#remove(entry, revision);
    }
    if (entry.revisions.size === 0) this.#entries.delete(key);
  }

  /** Evicts everything, pinned revisions too. */
  clear(): void {
    for (const entry of this.#entries.values()) {
      for (const revision of [...entry.revisions.keys()]) this.#remove(entry, revision);
    }
    this.#entries.clear();
  }

  #isPinned(key: string, revision: string): boolean {
    return this.#pinned.get(key)?.has(revision) === true;
  }

  /** Keeps only the newest revisions, and all pinned ones. */
  #trim(key: string, entry: Entry): void {
    const mayGo = [...entry.revisions.keys()].filter((revision) => !this.#isPinned(key, revision));
    for (const revision of mayGo.slice(0, -REVISIONS_PER_REF)) this.#remove(entry, revision);
  }

  #remove(entry: Entry, revision: string): void {
    const cached = entry.revisions.get(revision);
    if (cached === undefined) return;
    entry.revisions.delete(revision);
    this.#revisions -= 1;
    this.#bytes -= cached.value.byteLength;
    this.#drop(cached.value);
  }

  #evict(keep: string): void {
    const before = this.#revisions;
    for (const key of this.#entries.keys()) {
      if (this.#revisions <= this.#limits.maxRevisions && this.#bytes <= this.#limits.maxBytes) break;
      if (key !== keep && !this.#pinned.has(key)) this.forget(key);
    }
    if (this.#revisions < before) this.#onEvicted(before - this.#revisions);
  }
}
