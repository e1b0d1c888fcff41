import { BoundedMap, type Clock } from '@vault-swarm/kernel';
import type { RevisionOrder } from '@vault-swarm/provider';

/**
 * How far a replica of a provider may lag behind. For this time an older revision counts as a stale answer; if the
 * provider gives nothing newer for as long, the older one is current again (a snapshot was restored, a label was moved
 * back). Replicas lag by milliseconds to seconds: one that lags by a minute is out of order, and its operators know.
 */
export const REPLICA_LAG_MS = 60_000;

/** More refs are not known at the same time: those of which nothing was heard for longest go. */
const MAX_REFS = 40_000;
/** Of all ref keys: twenty times what a ref of usual length takes. */
const MAX_KEY_LENGTH = 64_000_000;
/** Of one ref; the oldest go. */
const MAX_WITHHELD = 8;

const NEVER = Number.NEGATIVE_INFINITY;

/** What is known of one ref. Times are monotonic milliseconds. */
interface Known {
  newest: string;
  /** When the latest read started that gave it; never, if only a probe or another manager told of it. */
  readAtMs: number;
  /** Since when reads give older revisions, and nothing told of the newest. */
  olderSinceMs: number | null;
  /** Until when a revision that was replaced counts as older, whatever the order says. */
  readonly withheldUntilMs: Map<string, number>;
}

/**
 * The newest revision of each ref that this process knows of: from its reads and probes, and from other managers. A
 * replica that lags behind gives older ones. They become the newest only after {@link REPLICA_LAG_MS} in which the
 * provider gave nothing else.
 *
 * Revisions are compared by their provider's order. If that does not tell, a revision counts as older for the same time
 * after it was replaced by another one. If the provider has no order at all, the latest read counts.
 */
export class NewestRevisions {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By ref key; those that were heard of last are at the end. */
  readonly #known = new BoundedMap<Known>({ maxEntries: MAX_REFS, maxKeyLength: MAX_KEY_LENGTH });

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** The newest revision of a ref; `undefined` if nothing is known of it. */
  get(key: string): string | undefined {
    return this.#known.get(key)?.newest;
  }

  /** Whether no read gave the newest revision yet. */
  isUnread(key: string): boolean {
    return this.#known.get(key)?.readAtMs === NEVER;
  }

  /** A probe or another manager saw that the provider has this revision. */
  seen(key: string, revision: string, order: RevisionOrder | null): void {
    if (order === null) return;
    const known = this.#touch(key);
    if (known === undefined) this.#add(key, revision, NEVER);
    else if (revision === known.newest) known.olderSinceMs = null;
    else if (!this.#isOlder(known, revision, order)) this.#follow(known, revision, order);
  }

  /**
   * A read gave this revision. Returns whether it is the newest one that is known.
   *
   * @param begunAtMs when the read started, in monotonic milliseconds.
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

  /** @param begunAtMs of a read: where nothing else tells, one that started before the latest is older. */
  #isOlder(known: Known, revision: string, order: RevisionOrder | null, startedAtMs?: number): boolean {
    if (this.#clock.monotonic() < (known.withheldUntilMs.get(revision) ?? NEVER)) return true;
    const compared = order?.compare(revision, known.newest) ?? 0;
    return compared === 0 ? startedAtMs !== undefined && startedAtMs < known.readAtMs : compared < 0;
  }

  /** Whether reads have given older revisions than the newest for so long that they can't be stale answers. */
  #isCurrentAgain(known: Known): boolean {
    const nowMs = this.#clock.monotonic();
    known.olderSinceMs ??= nowMs;
    return nowMs - known.olderSinceMs >= REPLICA_LAG_MS;
  }

  /** A newer revision. The one before is withheld for a while if we read it, and the order does not tell that it is older. */
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

/** @param untilMs until when the revision before counts as older, whatever the order says. */
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
