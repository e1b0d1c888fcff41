import type { Clock, NamedEvent, Repetition, Timed } from '@vault-swarm/kernel';
import type { EventCatalog } from './event-catalog.ts';

/** The first report of repetitions comes after this time. The interval doubles with each report, up to the maximum. */
const FIRST_REPORT_MS = 10_000;
const MAX_REPORT_MS = 5 * 60_000;

/** The maximum number of different failures that are reported by name at the same time. Further ones are counted together. */
const MAX_NAMED = 100;

type AnyEvent = Timed<NamedEvent>;

interface Repeated {
  count: number;
  latest: AnyEvent;
  reportAfterMs: number;
  cancelReport: () => void;
}

/**
 * Reports a repeated event once, and then only its count, at growing intervals. It is for people who read events.
 * Counters need every event, so do not use it for them.
 */
export class EventDeduplicator {
  readonly #clock: Clock;
  readonly #catalog: Pick<EventCatalog, 'repetitionOf'>;
  readonly #tell: (event: AnyEvent) => void;
  readonly #repetitions = new Map<string, Repeated>();

  /**
   * @param catalog says which events are the same.
   * @param tell receives every event that is not a repetition, and the reports of repetitions, with `repetitions`.
   */
  constructor(clock: Clock, catalog: Pick<EventCatalog, 'repetitionOf'>, tell: (event: AnyEvent) => void) {
    this.#clock = clock;
    this.#catalog = catalog;
    this.#tell = tell;
  }

  /** Handles an event. */
  observe(event: AnyEvent): void {
    const same = this.#catalog.repetitionOf(event);
    if (same === null) {
      this.#tell(event);
      return;
    }
    const key = this.#keyOf(event.type, same);
    const repetition = this.#repetitions.get(key);
    if (repetition !== undefined) {
      repetition.count += 1;
      repetition.latest = event;
      return;
    }
    this.#tell(event);
    const started: Repeated = {
      count: 0,
      latest: event,
      reportAfterMs: FIRST_REPORT_MS,
      cancelReport: () => undefined,
    };
    this.#repetitions.set(key, started);
    this.#schedule(key, started);
  }

  /** Reports all open counts now, and stops. */
  close(): void {
    for (const [key, repetition] of this.#repetitions) {
      repetition.cancelReport();
      this.#repetitions.delete(key);
      this.#report(repetition);
    }
  }

  #keyOf(type: string, { kind, names }: Repetition): string {
    const general = JSON.stringify([type, kind]);
    if (names === undefined) return general;
    const named = JSON.stringify([type, kind, names]);
    return this.#repetitions.has(named) || this.#repetitions.size < MAX_NAMED ? named : general;
  }

  #schedule(key: string, repetition: Repeated): void {
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

  #report(repetition: Repeated): void {
    if (repetition.count === 0) return;
    const report = { ...repetition.latest, repetitions: repetition.count };
    this.#tell(report);
    repetition.count = 0;
  }
}
