import type { SecretRevision, SecretValue } from '@vault-swarm/provider';

/** What is known of a ref: its newest revision, and since when nothing newer can have been there. */
export interface CurrentRevision {
  readonly revision: SecretRevision;
  /** Monotonic milliseconds: when the read or probe that last confirmed it was started. */
  readonly confirmedAtMs: number;
}

/** How much may be held. */
export interface CacheLimits {
  readonly maxRevisions: number;
  readonly maxBytes: number;
}

interface Entry {
  /** Oldest first; the newest is the current one, unless the ref was forgotten. */
  revisions: Map<string, SecretRevision>;
  current: CurrentRevision | null;
}

/** The current revision, and the one before it, which tasks of an unfinished rollout may still hold. */
const REVISIONS_PER_REF = 2;

/**
 * Values in memory, by ref and revision, with a pointer to each ref's current one. Bounded in number and bytes: refs
 * that were not used for the longest time go first.
 */
export class RevisionCache {
  readonly #limits: CacheLimits;
  /** By ref key: what is kept whatever else has to go. */
  #pinned: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #drop: (value: SecretValue) => void;
  readonly #onEvicted: (revisions: number) => void;
  #isLocked = false;
  #revisions = 0;
  #bytes = 0;

  /**
   * @param drop gets each value that was given to it and is not held (any more).
   * @param onEvicted gets how many revisions were evicted because a limit was reached.
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

  /** How much is held now. */
  get size(): { readonly revisions: number; readonly bytes: number } {
    return { revisions: this.#revisions, bytes: this.#bytes };
  }

  /** The ref's newest revision, or `undefined`. Counts as a use. */
  current(key: string): CurrentRevision | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.current ?? undefined;
  }

  /** A revision of the ref, whether it is the newest or not. Counts as a use. */
  get(key: string, revision: string): SecretRevision | undefined {
    const entry = this.#entries.get(key);
    const cached = entry?.revisions.get(revision);
    if (entry === undefined || cached === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return cached;
  }

  /** From now on these revisions, by ref key, are kept beyond all limits, also where the ref is forgotten. */
  pin(revisions: ReadonlyMap<string, ReadonlySet<string>>): void {
    this.#pinned = revisions;
  }

  /** From now on nothing is held, and what is there is dropped; or values are taken in again. */
  lock(isLocked: boolean): void {
    this.#isLocked = isLocked;
    if (isLocked) this.clear();
  }

  /** Takes in an older revision, which is not the newest. */
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
    // Older than those that are there: the first to go.
    entry.revisions = new Map([[revision.revision, revision], ...entry.revisions]);
    this.#revisions += 1;
    this.#bytes += revision.value.byteLength;
    this.#trim(key, entry);
    this.#evict(key);
  }

  /**
   * Takes in what a read gave. An answer to a read that was started before the one that gave the present pointer is
   * older than it and does not change the pointer.
   *
   * @param readBegunAtMs monotonic milliseconds.
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

  /** A probe, started at `atMs` (monotonic), found that `revision` is still the current one. */
  revalidate(key: string, revision: string, atMs: number): void {
    const entry = this.#entries.get(key);
    if (entry?.current?.revision.revision !== revision || atMs < entry.current.confirmedAtMs) return;
    entry.current = { ...entry.current, confirmedAtMs: atMs };
  }

  /** The provider no longer gives this ref a value: nothing of it is served any more, but for what is retained. */
  forget(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.current = null;
    for (const revision of [...entry.revisions.keys()]) {
      if (!this.#isPinned(key, revision)) this.#remove(entry, revision);
    }
    if (entry.revisions.size === 0) this.#entries.delete(key);
  }

  /** Drops everything. */
  clear(): void {
    for (const entry of this.#entries.values()) {
      for (const revision of [...entry.revisions.keys()]) this.#remove(entry, revision);
    }
    this.#entries.clear();
  }

  #isPinned(key: string, revision: string): boolean {
    return this.#pinned.get(key)?.has(revision) === true;
  }

  /** Beside what is retained, only the newest are kept. */
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
