import { BoundedMap } from './bounded-map.ts';

const DAY_MS = 86_400_000;

/** The maximum number of zones that are kept. Making one costs about a millisecond. */
const MAX_ZONES = 100;

const zones = new BoundedMap<TimeZone>({ maxEntries: MAX_ZONES });

/**
 * A time zone of the IANA database, such as `Europe/Berlin`. It converts between instants (milliseconds since 1970) and
 * the time that a clock on a wall there shows. Wall times are numbers too: the milliseconds since 1970 at which a clock
 * of UTC shows the same. The data are those of the JavaScript engine.
 */
export class TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;

  private constructor(name: string, format: Intl.DateTimeFormat) {
    this.name = name;
    this.#format = format;
  }

  /** The zone of this name; `null` if there is none. Offsets such as `+01:00` are no names. */
  static named(name: string): TimeZone | null {
    const known = zones.get(name);
    if (known !== undefined) return known;
    if (!/^[A-Za-z][\w+/-]{1,63}$/.test(name)) return null;
    try {
      const zone = new TimeZone(name, new Intl.DateTimeFormat('en-US', { ...FIELDS, timeZone: name }));
      zones.set(name, zone);
      return zone;
    } catch {
      // The engine does not know the name.
      return null;
    }
  }

  /** The wall time at an instant. */
  wallTime(instantMs: number): number {
    const parts = new Map(this.#format.formatToParts(instantMs).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const wallMs = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return wallMs + (((instantMs % 1000) + 1000) % 1000);
  }

  /**
   * The instant at which the wall shows this time. If it shows the time twice, because clocks are set back, the first
   * instant. If it never shows the time, because clocks are set forward, the time is moved by as much as the clocks.
   */
  instant(wallMs: number): number {
    const offsetBefore = this.#offsetAt(wallMs - DAY_MS);
    const offsetAfter = this.#offsetAt(wallMs + DAY_MS);
    const shown = [wallMs - offsetBefore, wallMs - offsetAfter].filter((instant) => this.wallTime(instant) === wallMs);
    return shown.length === 0 ? wallMs - offsetBefore : Math.min(...shown);
  }

  #offsetAt(instantMs: number): number {
    return this.wallTime(instantMs) - instantMs;
  }
}

const FIELDS = {
  calendar: 'iso8601',
  numberingSystem: 'latn',
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const;
