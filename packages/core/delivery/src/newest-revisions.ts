import { BoundedMap, type Clock } from '@vault-swarm/kernel';
import type { RevisionOrder } from '@vault-swarm/provider';

/**
 * How far a replica of a provider may lag behind. For this time an older revision is treated as a stale answer. If the
 * provider returns nothing newer for this time, the older revision becomes current again: a snapshot was restored, or a
 * label was moved to it. Replicas usually lag by milliseconds to seconds. A lag of a minute is a fault that operators
 * notice.
 */
export const REPLICA_LAG_MS = 60_000;

/** The maximum number of known refs. The least recently updated ones are evicted. */
const MAX_REFS = 40_000;
/** The maximum length of all ref keys: twenty times what refs of usual length take. */
const MAX_KEY_LENGTH = 64_000_000;
/** The maximum for one ref. The oldest ones are evicted. */
const MAX_WITHHELD = 8;

const NEVER = Number.NEGATIVE_INFINITY;

/** What is known about one ref. Times are monotonic milliseconds. */
interface Known {
  newest: string;
  /** When the latest read that returned it started; `NEVER` if only a probe or another manager reported it. */
  readAtMs: number;
  /** Since when reads return older revisions and no report confirmed the newest one. */
  olderSinceMs: number | null;
  /** Until when a replaced revision counts as older, even if the order says otherwise. */
  readonly withheldUntilMs: Map<string, number>;
}

/**
 * The newest revision of each ref that this process knows: from its own reads and probes, and from other managers. A
 * replica that lags behind returns older revisions. An older revision becomes the newest only after {@link
 * REPLICA_LAG_MS} in which the provider returned nothing newer.
 *
 * Revisions are compared by their provider's order. If the order can't compare two revisions, the replaced one counts
 * as older for {@link REPLICA_LAG_MS}. If the provider has no order at all, the latest read wins.
 */
export class NewestRevisions {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By ref key. The most recently updated refs are last. */
  readonly #known = new BoundedMap<Known>({ maxEntries: MAX_REFS, maxKeyLength: MAX_KEY_LENGTH });

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** The newest known revision of a ref; `undefined` if the ref is not known. */
  get(key: string): string | undefined {
    return this.#known.get(key)?.newest;
  }

  /** Whether no read returned the newest revision yet. */
  isUnread(key: string): boolean {
    return this.#known.get(key)?.readAtMs === NEVER;
  }

  /** Reports that a probe or another manager saw this revision at the provider. */
  seen(key: string, revision: string, order: RevisionOrder | null): void {
    if (order === null) return;
    const known = this.#touch(key);
    if (known === undefined) this.#add(key, revision, NEVER);
    else if (revision === known.newest) known.olderSinceMs = null;
    else if (!this.#isOlder(known, revision, order)) this.#follow(known, revision, order);
  }

  /**
   * Reports that a read returned this revision. Returns whether it is the newest known one.
   *
   * @param startedAtMs when the read started, in monotonic milliseconds.
   */
  read(key: string, revision: string, order: RevisionOrder | null, startedAtMs: number): boolean {
    const known = this.#touch(key);
    if (known === undefined) {
      this.#add(key, revision, startedAtMs);
      return true;
    }
    if (revision !== known.newest) {
      if (!this.#isOlder(known, revision, order, startedAtMs)) this.#follow(known, revision, order);
      else if (order !== null && this.#isCurrentAgain(known)) replace(known, revision);
      else return false;
    }
    known.readAtMs = Math.max(known.readAtMs, startedAtMs);
    known.olderSinceMs = null;
    return true;
  }

  /** @param startedAtMs of a read. If the revisions can't be compared, a read that started before the latest one is older. */
  #isOlder(known: Known, revision: string, order: RevisionOrder | null, startedAtMs?: number): boolean {
    if (this.#clock.monotonic() < (known.withheldUntilMs.get(revision) ?? NEVER)) return true;
    const compared = order?.compare(revision, known.newest) ?? 0;
    return compared === 0 ? startedAtMs !== undefined && startedAtMs < known.readAtMs : compared < 0;
  }

  /** Whether reads have returned older revisions for so long that they can't be stale answers. */
  #isCurrentAgain(known: Known): boolean {
    const nowMs = this.#clock.monotonic();
    known.olderSinceMs ??= nowMs;
    return nowMs - known.olderSinceMs >= REPLICA_LAG_MS;
  }

  /**
   * Moves to a newer revision. The previous one is withheld for a while if it was read and the order does not say that
   * it is older.
   */
  #follow(known: Known, revision: string, order: RevisionOrder | null): void {
    const isToldApart = order === null || known.readAtMs === NEVER || (order.compare(known.newest, revision) ?? 0) < 0;
    replace(known, revision, isToldApart ? undefined : this.#clock.monotonic() + REPLICA_LAG_MS);
  }

  #add(key: string, newest: string, readAtMs: number): void {
    this.#known.set(key, { newest, readAtMs, olderSinceMs: null, withheldUntilMs: new Map() });
  }

  #touch(key: string): Known | undefined {
    const known = this.#known.get(key);
    if (known !== undefined) this.#known.set(key, known);
    return known;
  }
}

/** @param untilMs until when the previous revision counts as older, even if the order says otherwise. */
function replace(known: Known, revision: string, untilMs?: number): void {
  const { withheldUntilMs } = known;
  withheldUntilMs.delete(revision);
  if (untilMs !== undefined) withheldUntilMs.set(known.newest, untilMs);
  const oldest = withheldUntilMs.size > MAX_WITHHELD ? withheldUntilMs.keys().next().value : undefined;
  if (oldest !== undefined) withheldUntilMs.delete(oldest);
  known.newest = revision;
  known.readAtMs = NEVER;
  known.olderSinceMs = null;
}
