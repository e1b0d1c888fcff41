import type { Clock } from '@vault-swarm/kernel';
import type { EventListener, TimedEvent } from '@vault-swarm/provider';

/** The first report of repetitions comes after this time, each further one after twice as long, up to the longest. */
const FIRST_REPORT_MS = 10_000;
const MAX_REPORT_MS = 5 * 60_000;

/** How many different refusals are reported by name at the same time; further ones are counted together. */
const MAX_NAMED = 100;

/** What may come ten thousand times in a storm. */
type Repeatable = Extract<TimedEvent, { readonly type: 'delivery.failed' | 'driver.request-rejected' }>;

interface Repetition {
  count: number;
  latest: Repeatable;
  reportAfterMs: number;
  cancelReport: () => void;
}

/**
 * Tells an event that comes again and again once, and then, ever more seldom, how often it was repeated: for those who
 * read events. Who counts them needs each.
 */
export class EventDeduplicator {
  readonly #clock: Clock;
  readonly #tell: EventListener;
  readonly #repetitions = new Map<string, Repetition>();

  /** @param tell gets every event that is not a repetition, and the reports of repetitions. */
  constructor(clock: Clock, tell: EventListener) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Takes in an event. */
  readonly observe: EventListener = (event) => {
    if (event.type !== 'delivery.failed' && event.type !== 'driver.request-rejected') return this.#tell(event);
    const key = this.#keyOf(event);
    const repetition = this.#repetitions.get(key);
    if (repetition !== undefined) {
      repetition.count += 1;
      repetition.latest = event;
      return;
    }
    this.#tell(event);
    const started: Repetition = {
      count: 0,
      latest: event,
      reportAfterMs: FIRST_REPORT_MS,
      cancelReport: () => undefined,
    };
    this.#repetitions.set(key, started);
    this.#schedule(key, started);
  };

  /** Tells now what was counted, and ends. */
  close(): void {
    for (const [key, repetition] of this.#repetitions) {
      repetition.cancelReport();
      this.#repetitions.delete(key);
      this.#report(repetition);
    }
  }

  #keyOf(event: Repeatable): string {
    if (event.type === 'driver.request-rejected') return JSON.stringify([event.type, event.status]);
    const named = JSON.stringify([event.type, event.code, event.secret, event.service]);
    if (this.#repetitions.has(named) || this.#repetitions.size < MAX_NAMED) return named;
    return JSON.stringify([event.type, event.code]);
  }

  #schedule(key: string, repetition: Repetition): void {
    repetition.cancelReport = this.#clock.after(repetition.reportAfterMs, () => {
      if (repetition.count === 0) {
        this.#repetitions.delete(key);
        return;
      }
      this.#report(repetition);
      repetition.reportAfterMs = Math.min(MAX_REPORT_MS, 2 * repetition.reportAfterMs);
      this.#schedule(key, repetition);
    });
  }

  #report(repetition: Repetition): void {
    if (repetition.count === 0) return;
    this.#tell({ ...repetition.latest, repetitions: repetition.count });
    repetition.count = 0;
  }
}
