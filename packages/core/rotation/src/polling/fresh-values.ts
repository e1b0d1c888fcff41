import type { Clock } from '@vault-swarm/kernel';
import type { DeliveryRecord } from '@vault-swarm/provider';
import type { CurrentValue } from '../tasks/task-revision.ts';
import type { ProviderPoller } from './provider-poller.ts';
import type { StalenessGuard } from './staleness-guard.ts';

/** How many deliveries are remembered, so that a repeated one does not cause another poll. */
const MAX_DELIVERIES = 10_000;

/** A value that no poll may have seen. */
interface Unseen {
  /** Since when, in monotonic milliseconds. */
  readonly atMs: number;
  /** Its revision; `null` if that is not known, or if there are several. */
  readonly revision: string | null;
  /** Whether a poll that starts later has still to be requested. */
  needsPoll: boolean;
}

/** What decides about a value besides the polls. */
export interface FreshValuesOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Repeated deliveries of a value cause one poll in this time, in milliseconds. */
  readonly intervalMs: number;
  readonly poller: Pick<
    ProviderPoller,
    'current' | 'confirmedAtMs' | 'digestOf' | 'hasFindings' | 'isUncertain' | 'wakeFor'
  >;
  readonly staleness: Pick<StalenessGuard, 'mayBeNewer'>;
}

/**
 * The values of the latest poll, without those that may be outdated. One may be if another manager, or a delivery to a
 * task, may have found something else since. Then the provider is polled again, and tasks keep their values meanwhile.
 */
export class FreshValues {
  readonly #options: FreshValuesOptions;
  /** By ref key. */
  readonly #unseen = new Map<string, Unseen>();
  /** Deliveries that caused a poll of the provider, with the time in monotonic milliseconds. */
  readonly #deliveries = new Map<string, number>();

  constructor(options: FreshValuesOptions) {
    this.#options = options;
  }

  /**
   * A task was given a revision that is not the current one of the latest poll. This suggests a change.
   * @param isIntended whether the ledger names the revision: it may be a last good one, and no change.
   */
  delivered({ provider, refKey, revision }: DeliveryRecord, isIntended: boolean): void {
    const { clock, poller } = this.#options;
    const nowMs = clock.monotonic();
    const before = this.#unseen.get(refKey);
    const isOnlyOne = before === undefined || before.revision === revision;
    const unseen = { atMs: nowMs, revision: isOnlyOne ? revision : null };
    if (!poller.hasFindings(refKey)) {
      // The first poll of the ref is due anyway, or in flight. It may find the revision too.
      this.#unseen.set(refKey, { ...unseen, needsPoll: true });
      return;
    }
    // Tasks that fail repeatedly are given the same value each time. All intended ones count as one of the provider.
    const isFirst = this.#isFirst(isIntended ? provider : `${refKey} ${revision}`, nowMs);
    // The poll that an earlier delivery caused may be reading. It answers a repeated one too, which causes none.
    const isUnseen = poller.digestOf(refKey, revision) === null && (isFirst || before === undefined);
    if (isUnseen) this.#unseen.set(refKey, { ...unseen, needsPoll: false });
    if (isFirst) poller.wakeFor(refKey);
  }

  /** Another manager recorded a request for a value that this process may not have found yet. */
  requested(refKey: string): void {
    this.#unseen.set(refKey, { atMs: this.#options.clock.monotonic(), revision: null, needsPoll: false });
    this.#options.poller.wakeFor(refKey);
  }

  /** The current value of a ref; `undefined` while it may be outdated, or is not known. */
  current(refKey: string): CurrentValue | undefined {
    const { poller, staleness } = this.#options;
    // Its watcher reads it again by itself.
    if (poller.isUncertain(refKey)) return undefined;
    const current = poller.current(refKey);
    const foundAtMs = poller.confirmedAtMs(refKey);
    const unseen = this.#unseen.get(refKey);
    if (unseen !== undefined) {
      // A poll that had started before may have found it nevertheless.
      const isFound = unseen.revision !== null && poller.digestOf(refKey, unseen.revision) !== null;
      if (unseen.atMs >= foundAtMs && !isFound) {
        if (unseen.needsPoll && poller.hasFindings(refKey)) {
          unseen.needsPoll = false;
          poller.wakeFor(refKey);
        }
        return undefined;
      }
      this.#unseen.delete(refKey);
    }
    if (current === undefined || !staleness.mayBeNewer(refKey, current, foundAtMs)) return current;
    poller.wakeFor(refKey);
    return undefined;
  }

  /** Whether this delivery is the first one of its name within the polling interval. */
  #isFirst(name: string, nowMs: number): boolean {
    if (nowMs - (this.#deliveries.get(name) ?? Number.NEGATIVE_INFINITY) < this.#options.intervalMs) return false;
    if (this.#deliveries.size >= MAX_DELIVERIES) this.#deliveries.clear();
    this.#deliveries.set(name, nowMs);
    return true;
  }
}
