import type { Clock } from '@vault-swarm/kernel';
import type { EventListener, TimedEvent } from '@vault-swarm/provider';

/** The first report of repetitions comes after this time. The interval doubles with each report, up to the maximum. */
const FIRST_REPORT_MS = 10_000;
const MAX_REPORT_MS = 5 * 60_000;

/** The maximum number of different failures that are reported by name at the same time. Further ones are counted together. */
const MAX_NAMED = 100;

/** Events that can occur ten thousand times in a storm. */
const REPEATABLE = [
  'delivery.failed',
  'access.denied',
  'driver.request-rejected',
  'hook.accepted',
  'hook.rejected',
  'notification.failed',
] as const;

type Repeatable = Extract<TimedEvent, { readonly type: (typeof REPEATABLE)[number] }>;

function isRepeatable(event: TimedEvent): event is Repeatable {
  return REPEATABLE.some((type) => type === event.type);
}

interface Repetition {
  count: number;
  latest: Repeatable;
  reportAfterMs: number;
  cancelReport: () => void;
}

/**
 * Reports a repeated event once, and then only its count, at growing intervals. It is for people who read events.
 * Counters need every event, so do not use it for them.
 */
export class EventDeduplicator {
  readonly #clock: Clock;
  readonly #tell: EventListener;
  readonly #repetitions = new Map<string, Repetition>();

  /** @param tell receives every event that is not a repetition, and the reports of repetitions. */
  constructor(clock: Clock, tell: EventListener) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Handles an event. */
  readonly observe: EventListener = (event) => {
    if (!isRepeatable(event)) return this.#tell(event);
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

  /** Reports all open counts now, and stops. */
  close(): void {
    for (const [key, repetition] of this.#repetitions) {
      repetition.cancelReport();
      this.#repetitions.delete(key);
      this.#report(repetition);
    }
  }

  #keyOf(event: Repeatable): string {
    if (event.type === 'driver.request-rejected') return JSON.stringify([event.type, event.status]);
    if (event.type === 'notification.failed') return JSON.stringify([event.type, event.notification]);
    if (event.type === 'hook.accepted') return JSON.stringify([event.type, event.hook]);
    if (event.type === 'hook.rejected') {
      // Any client can make up names.
      return JSON.stringify([event.type, event.reason, event.reason === 'unknown-name' ? null : event.hook]);
    }
    const code = event.type === 'access.denied' ? null : event.code;
    const named = JSON.stringify([event.type, code, event.secret, event.service]);
    if (this.#repetitions.has(named) || this.#repetitions.size < MAX_NAMED) return named;
    return JSON.stringify([event.type, code]);
  }

  #schedule(key: string, repetition: Repetition): void {
    repetition.cancelReport = this.#clock.after(repetition.reportAfterMs, () => {
      if (repetition.count === 0) {
        this.#repetitions.delete(key);
        return;
      }
      repetition.reportAfterMs = Math.min(MAX_REPORT_MS, 2 * repetition.reportAfterMs);
      this.#schedule(key, repetition);
      this.#report(repetition);
    });
  }

  #report(repetition: Repetition): void {
    if (repetition.count === 0) return;
    this.#tell({ ...repetition.latest, repetitions: repetition.count });
    repetition.count = 0;
  }
}
