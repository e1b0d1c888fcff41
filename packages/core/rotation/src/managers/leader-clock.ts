import type { Clock } from '@vault-swarm/kernel';
import type { ListedManager } from '../ports/manager-directory.ts';

/** A smaller difference does no harm, and is what slow writes make of clocks that agree. */
const CLOCKS_AGREE_WITHIN_MS = 30_000;
/** A clock that was wrong has to be this close to be right: else each slower write could change what is announced. */
const CLOCKS_AGREE_AGAIN_WITHIN_MS = 20_000;
/** How often a clock that is wrong is compared again, until it is right. */
const COMPARED_AGAIN_AFTER_MS = 600_000;

/**
 * Compares this machine's clock with that of the leader, without a request of its own: the announcement of this plugin
 * has a time of this clock, and the orchestrator's leader dates the write of it.
 */
export class LeaderClock {
  readonly #clock: Clock;
  #aheadMs = 0;
  #written: { readonly atMs: number; readonly monotonicMs: number } | null = null;
  #comparedAtMs = Number.NEGATIVE_INFINITY;
  /** The clock less the monotonic one at what was last compared: it changes if somebody sets the clock. */
  #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = this.#offsetNowMs;
  }

  /** How far this clock is ahead of the leader's, at least, in whole milliseconds; negative if it is behind, and 0 if they agree. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** Records that an announcement with this time is about to be written. */
  writes(atMs: number): void {
    this.#written = { atMs, monotonicMs: this.#clock.monotonic() };
  }

  /** Compares the clocks if the orchestrator lists that announcement. A leader can't compare its clock with another. */
  compare({ isLeader, announcement, changedAtMs }: ListedManager): void {
    const written = this.#written;
    if (isLeader) {
      if (this.#wasSet) this.#compared(0, this.#offsetNowMs);
    } else if (written !== null && announcement?.writtenAtMs === written.atMs) {
      const storedAtMs = changedAtMs ?? written.atMs;
      // It was stored between then and now, or the manager has changed since.
      const behindMs = storedAtMs - written.atMs - (this.#clock.monotonic() - written.monotonicMs);
      const aheadMs = Math.max(0, written.atMs - storedAtMs) - Math.max(0, behindMs);
      this.#compared(aheadMs, written.atMs - written.monotonicMs);
    }
  }

  /** Whether another announcement has to be written to compare the clocks. */
  isDue({ isLeader }: Pick<ListedManager, 'isLeader'>): boolean {
    if (isLeader) return false;
    const isOld = this.#clock.monotonic() - this.#comparedAtMs >= COMPARED_AGAIN_AFTER_MS;
    return this.#wasSet || (this.#aheadMs !== 0 && isOld);
  }

  get #wasSet(): boolean {
    return Math.abs(this.#offsetNowMs - this.#offsetMs) > CLOCKS_AGREE_WITHIN_MS;
  }

  get #offsetNowMs(): number {
    return this.#clock.now() - this.#clock.monotonic();
  }

  #compared(aheadMs: number, offsetMs: number): void {
    const withinMs = this.#aheadMs === 0 ? CLOCKS_AGREE_WITHIN_MS : CLOCKS_AGREE_AGAIN_WITHIN_MS;
    this.#aheadMs = Math.abs(aheadMs) > withinMs ? Math.round(aheadMs) : 0;
    this.#written = null;
    this.#comparedAtMs = this.#clock.monotonic();
    this.#offsetMs = offsetMs;
  }
}
