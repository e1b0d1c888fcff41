import { displayText, quoted, TimeZone } from '@vault-swarm/kernel';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** The days in the order of `Date.getUTCDay`. */
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** The maximum length of a setting or label, and the maximum number of windows in it. */
const MAX_LENGTH = 500;
const MAX_SPANS = 20;

const EXAMPLE = '"Mon-Fri 02:00-05:00 Europe/Berlin"';

/** One window of each week. */
interface Span {
  /** The days on which it opens, by `Date.getUTCDay`. */
  readonly days: ReadonlySet<number>;
  /** When it opens and closes, in minutes since midnight. If it closes earlier than it opens, it closes on the next day. */
  readonly opensAt: number;
  readonly closesAt: number;
  readonly zone: TimeZone;
}

/** When a window opens next. */
export interface WindowOpening {
  /** In milliseconds since 1970. */
  readonly atMs: number;
  /** In the window's own time zone, for people: `2026-11-30 02:00 Europe/Berlin`. */
  readonly text: string;
}

/** The result for an instant, and until when it holds. */
interface Answer {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly opening: WindowOpening | null;
}

/** When rotations may start: one or more windows of each week, or always. */
export class RotationWindow {
  /** A window that is always open. */
  static readonly always = new RotationWindow([]);

  readonly #spans: readonly Span[];
  /** A pass asks for each waiting service. */
  #latest: Answer | null = null;

  /** @param spans none: always open. */
  constructor(spans: readonly Span[]) {
    this.#spans = spans;
  }

  /** When it opens next after `nowMs` (milliseconds since 1970); `null` if it is open then. */
  nextOpening(nowMs: number): WindowOpening | null {
    if (this.#spans.length === 0) return null;
    if (this.#latest === null || nowMs < this.#latest.fromMs || nowMs >= this.#latest.untilMs) {
      this.#latest = answerAt(this.#spans, nowMs);
    }
    return this.#latest.opening;
  }
}

function answerAt(spans: readonly Span[], nowMs: number): Answer {
  let next: { readonly atMs: number; readonly zone: TimeZone } | null = null;
  for (const span of spans) {
    const todayMs = Math.floor(span.zone.wallTime(nowMs) / DAY_MS) * DAY_MS;
    // A window of yesterday may still be open. One that opened earlier today opens again in a week.
    for (let day = -1; day <= 7; day++) {
      const opened = openedOn(span, todayMs + day * DAY_MS);
      if (opened === null || opened.untilMs <= nowMs) continue;
      if (opened.fromMs <= nowMs) return { fromMs: nowMs, untilMs: opened.untilMs, opening: null };
      if (next === null || opened.fromMs < next.atMs) next = { atMs: opened.fromMs, zone: span.zone };
      break;
    }
  }
  if (next === null) throw new Error('each window opens at least once a week');
  const opening = { atMs: next.atMs, text: `${displayTime(next.zone.wallTime(next.atMs))} ${next.zone.name}` };
  return { fromMs: nowMs, untilMs: next.atMs, opening };
}

/** The instants at which the window opens and closes on a day, given by its midnight in wall time; `null` if it does not. */
function openedOn(
  { days, opensAt, closesAt, zone }: Span,
  midnightMs: number,
): { readonly fromMs: number; readonly untilMs: number } | null {
  if (!days.has(new Date(midnightMs).getUTCDay())) return null;
  const lengthMs = (closesAt > opensAt ? closesAt - opensAt : closesAt + DAY_MS / MINUTE_MS - opensAt) * MINUTE_MS;
  const opensMs = midnightMs + opensAt * MINUTE_MS;
  const fromMs = zone.instant(opensMs);
  const untilMs = zone.instant(opensMs + lengthMs);
  // Clocks that are set forward leave out the whole window. It opens after the change, for its usual time.
  return { fromMs, untilMs: untilMs > fromMs ? untilMs : fromMs + lengthMs };
}

/** The window, or what is wrong with the text. */
export type ParsedWindow =
  | { readonly ok: true; readonly window: RotationWindow }
  /** `problem` follows the text, and says what is allowed. */
  | { readonly ok: false; readonly problem: string };

/**
 * Parses `Mon-Fri 02:00-05:00 Europe/Berlin`, several such windows with `;`, or `always`. Without days, a window opens
 * every day. Without a time zone, its times are UTC. A window that closes earlier than it opens lasts over midnight,
 * and belongs to the day on which it opens.
 */
export function parseRotationWindow(text: string): ParsedWindow {
  if (text.trim() === 'always') return { ok: true, window: RotationWindow.always };
  if (text.length > MAX_LENGTH) return problem(`must have at most ${MAX_LENGTH} characters`);
  const parts = text.split(';');
  if (parts.length > MAX_SPANS) return problem(`must have at most ${MAX_SPANS} windows`);
  const spans: Span[] = [];
  for (const part of parts) {
    const span = parseSpan(part.trim());
    if (typeof span === 'string') return problem(span);
    spans.push(span);
  }
  return { ok: true, window: new RotationWindow(spans) };
}

function problem(text: string): ParsedWindow {
  return { ok: false, problem: text };
}

/** A window, or what is wrong with it. */
function parseSpan(text: string): Span | string {
  const parts = /^(?:(?<days>[A-Za-z][A-Za-z,-]*)\s+)?(?<from>[\d:]+)-(?<to>[\d:]+)(?:\s+(?<zone>\S+))?$/.exec(text);
  if (parts?.groups === undefined) {
    return `must be windows such as ${EXAMPLE}, separated by ";", or "always"`;
  }
  const { days: givenDays, from = '', to = '', zone: name = 'UTC' } = parts.groups;
  const days = parseDays(givenDays);
  if (typeof days === 'string') return days;
  const opensAt = parseTime(from);
  const closesAt = parseTime(to);
  if (opensAt === null || opensAt === DAY_MS / MINUTE_MS) return `has the time ${quoted(from)}, which ${TIME_FORM}`;
  if (closesAt === null) return `has the time ${quoted(to)}, which ${TIME_FORM}`;
  if (opensAt === closesAt) return `opens and closes at ${displayText(from)}; a whole day is 00:00-24:00`;
  const zone = TimeZone.named(name);
  if (zone === null) {
    return `has the time zone ${quoted(name)}, which is not known; it must be a name such as Europe/Berlin or UTC`;
  }
  return { days, opensAt, closesAt, zone };
}

const TIME_FORM = 'must be from 00:00 to 23:59, or 24:00 as the end';

/** Minutes since midnight, or `null`. */
function parseTime(text: string): number | null {
  const [, hours = '', minutes = ''] = /^(\d\d):(\d\d)$/.exec(text) ?? [];
  const time = Number(hours) * 60 + Number(minutes);
  return hours !== '' && Number(minutes) < 60 && time <= DAY_MS / MINUTE_MS ? time : null;
}

/** The days of `Mon-Fri,Sun`, or what is wrong with them. */
function parseDays(text: string | undefined): ReadonlySet<number> | string {
  if (text === undefined) return new Set(DAYS.keys());
  const days = new Set<number>();
  for (const range of text.split(',')) {
    const [first = '', last = first, ...more] = range.split('-');
    const wrong = [first, last].find((name) => dayOf(name) < 0);
    if (wrong !== undefined || more.length > 0) {
      return `has the day ${quoted(wrong ?? range)}, which must be one of Mon, Tue, Wed, Thu, Fri, Sat, Sun`;
    }
    for (let day = dayOf(first); ; day = (day + 1) % DAYS.length) {
      days.add(day);
      if (day === dayOf(last)) break;
    }
  }
  return days;
}

function dayOf(name: string): number {
  return DAYS.findIndex((day) => day.toLowerCase() === name.toLowerCase());
}

/** `2026-11-30 02:00`. */
function displayTime(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 16).replace('T', ' ');
}
