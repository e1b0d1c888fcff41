import { expect, test } from 'vitest';
import { parseRotationWindow, type RotationWindow } from './rotation-window.ts';

function windowOf(text: string): RotationWindow {
  const parsed = parseRotationWindow(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.window;
}

/** `open`, or when it opens. */
function stateAt(window: RotationWindow, instant: string | number): string {
  const opening = window.nextOpening(typeof instant === 'number' ? instant : Date.parse(instant));
  return opening === null ? 'open' : `${opening.text} = ${new Date(opening.atMs).toISOString()}`;
}

const BERLIN = 'Mon-Fri 02:00-05:00 Europe/Berlin';

// 29 November 2026 is a Sunday.
test.each([
  [BERLIN, '2026-11-29T12:00:00Z', '2026-11-30 02:00 Europe/Berlin = 2026-11-30T01:00:00.000Z'],
  [BERLIN, '2026-11-30T00:59:59.999Z', '2026-11-30 02:00 Europe/Berlin = 2026-11-30T01:00:00.000Z'],
  [BERLIN, '2026-11-30T01:00:00Z', 'open'],
  [BERLIN, '2026-11-30T03:59:59.999Z', 'open'],
  [BERLIN, '2026-11-30T04:00:00Z', '2026-12-01 02:00 Europe/Berlin = 2026-12-01T01:00:00.000Z'],
  [BERLIN, '2026-12-04T04:00:00Z', '2026-12-07 02:00 Europe/Berlin = 2026-12-07T01:00:00.000Z'],
  [BERLIN, '2026-07-01T00:30:00Z', 'open'],
  ['02:00-05:00', '2026-11-29T02:00:00Z', 'open'],
  ['02:00-05:00', '2026-11-29T05:00:00Z', '2026-11-30 02:00 UTC = 2026-11-30T02:00:00.000Z'],
  ['Sun 02:00-05:00', '2026-11-29T04:59:00Z', 'open'],
  ['Sun 02:00-05:00', '2026-11-29T05:00:00Z', '2026-12-06 02:00 UTC = 2026-12-06T02:00:00.000Z'],
  ['sat,sun 10:00-11:00', '2026-11-28T11:00:00Z', '2026-11-29 10:00 UTC = 2026-11-29T10:00:00.000Z'],
  ['Fri-Mon 10:00-11:00', '2026-11-30T10:30:00Z', 'open'],
  ['Fri-Mon 10:00-11:00', '2026-12-01T10:30:00Z', '2026-12-04 10:00 UTC = 2026-12-04T10:00:00.000Z'],
  // Over midnight: it belongs to the day on which it opens.
  ['Sat 22:00-04:00', '2026-11-29T03:59:00Z', 'open'],
  ['Sat 22:00-04:00', '2026-11-29T04:00:00Z', '2026-12-05 22:00 UTC = 2026-12-05T22:00:00.000Z'],
  ['Sun 22:00-04:00', '2026-11-29T03:59:00Z', '2026-11-29 22:00 UTC = 2026-11-29T22:00:00.000Z'],
  ['Sun 00:00-24:00', '2026-11-29T23:59:59.999Z', 'open'],
  ['Sun 00:00-24:00', '2026-11-30T00:00:00Z', '2026-12-06 00:00 UTC = 2026-12-06T00:00:00.000Z'],
  ['00:00-24:00 Europe/Berlin', '2026-03-29T01:30:00Z', 'open'],
  // Several windows: the one that opens first.
  [
    'Sat 02:00-05:00; Mon 20:00-21:00 Asia/Tokyo',
    '2026-11-29T12:00:00Z',
    '2026-11-30 20:00 Asia/Tokyo = 2026-11-30T11:00:00.000Z',
  ],
  ['Sat 02:00-05:00; Mon 20:00-21:00 Asia/Tokyo', '2026-12-05T04:00:00Z', 'open'],
  ['always', '2026-11-29T12:00:00Z', 'open'],
])('%s at %s: %s', (text, instant, expected) => {
  expect(stateAt(windowOf(text), instant)).toBe(expected);
});

// In Berlin, clocks go from 02:00 to 03:00 on 29 March 2026 (01:00 UTC), and from 03:00 to 02:00 on 25 October (01:00 UTC).
test.each([
  [
    'closes when the clock shows it, an hour earlier',
    'Sun 01:00-05:00 Europe/Berlin',
    '2026-03-29',
    ['00:00', '03:00'],
  ],
  ['opens with the change', 'Sun 02:00-05:00 Europe/Berlin', '2026-03-29', ['01:00', '03:00']],
  ['is after the change if it is left out', 'Sun 02:00-03:00 Europe/Berlin', '2026-03-29', ['01:00', '02:00']],
  ['is moved if it is left out', 'Sun 02:15-02:45 Europe/Berlin', '2026-03-29', ['01:15', '01:45']],
  ['is an hour longer', 'Sun 01:00-05:00 Europe/Berlin', '2026-10-25', ['2026-10-24T23:00', '04:00']],
  ['opens once, the first time', 'Sun 02:15-02:45 Europe/Berlin', '2026-10-25', ['00:15', '00:45']],
  ['lasts through the repeated hour', 'Sun 02:00-03:00 Europe/Berlin', '2026-10-25', ['00:00', '02:00']],
  ['ends in the repeated hour', 'Sat 23:00-02:30 Europe/Berlin', '2026-10-25', ['2026-10-24T21:00', '00:30']],
])('when clocks change, a window %s', (_what, text, day, [opens, closes]) => {
  const at = (time = '') => Date.parse(`${time.length > 5 ? time : `${day}T${time}`}:00Z`);
  const window = windowOf(text);
  const isOpen = (atMs: number) => window.nextOpening(atMs) === null;
  expect([at(opens) - 1, at(opens), at(closes) - 1, at(closes)].map(isOpen)).toEqual([false, true, true, false]);
  expect(window.nextOpening(at(opens) - 3_600_000)?.atMs).toBe(at(opens));
});

test('through a year, a window is open as the clock on the wall says, and opens when it says', () => {
  const texts = [
    BERLIN,
    'Sat,Sun 22:30-06:30 America/New_York',
    'Wed 12:00-13:00 Australia/Lord_Howe; Sun 04:30-10:00 Asia/Tokyo',
    '23:00-01:00',
  ];
  const wrong: string[] = [];
  for (const text of texts) {
    const window = windowOf(text);
    const isOpenOnTheWall = wallOf(text);
    let opensMs: number | null = null;
    for (let atMs = Date.UTC(2026, 0, 1); atMs < Date.UTC(2027, 0, 1); atMs += 1_800_000) {
      const opening = window.nextOpening(atMs);
      const isOpen = opening === null;
      // It opens exactly when that was announced.
      const isAnnounced = opensMs === null || isOpen === atMs >= opensMs;
      const isLater = opening === null || opening.atMs > atMs;
      const isRight = isChangeOfClocks(atMs) || isOpen === isOpenOnTheWall(atMs);
      if (!isAnnounced || !isLater || !isRight) wrong.push(`${text}: ${new Date(atMs).toISOString()}`);
      opensMs = opening?.atMs ?? null;
    }
  }
  expect(wrong).toEqual([]);
});

/** Whether clocks change within this day in one of the zones of the test. */
function isChangeOfClocks(atMs: number): boolean {
  const days = ['2026-03-08', '2026-03-29', '2026-04-04', '2026-10-03', '2026-10-25', '2026-11-01'].map(Date.parse);
  return days.some((dayMs) => Math.abs(atMs - dayMs - 43_200_000) < 86_400_000);
}

/** A second reading of windows: what a person sees on a clock and a calendar of the zone. */
function wallOf(text: string): (atMs: number) => boolean {
  const order = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
  const daysOf = (given: string) => {
    const [first = '', last] = given.split('-');
    return last === undefined ? given.split(',') : order.slice(order.indexOf(first), order.indexOf(last) + 1);
  };
  const windows = text.split('; ').map((part) => {
    const words = part.split(' ');
    const [from = '', to = ''] = (words[1] ?? part).split('-');
    const clock = { weekday: 'short', hour: '2-digit', minute: '2-digit', timeZone: words[2] ?? 'UTC' } as const;
    const wall = new Intl.DateTimeFormat('en-GB', clock);
    return { days: words.length === 1 ? order : daysOf(words[0] ?? ''), from, to, wall };
  });
  return (atMs) =>
    windows.some(({ days, from, to, wall }) => {
      const shown = wall.format(atMs);
      const day = shown.slice(0, 3);
      const time = shown.slice(-5);
      const yesterday = order.at(order.indexOf(day) - 1) ?? '';
      if (from < to) return days.includes(day) && time >= from && time < to;
      return (days.includes(day) && time >= from) || (days.includes(yesterday) && time < to);
    });
}

const FORM = 'must be windows such as "Mon-Fri 02:00-05:00 Europe/Berlin", separated by ";", or "always"';

test.each([
  ['', FORM],
  ['Mon-Fri', FORM],
  ['02:00', FORM],
  ['never', FORM],
  ['Mon-Fri 02:00-05:00;', FORM],
  ['Mon - Fri 02:00-05:00', FORM],
  ['2-5', 'has the time "2", which must be from 00:00 to 23:59, or 24:00 as the end'],
  ['02:00-5:00', 'has the time "5:00", which must be from 00:00 to 23:59, or 24:00 as the end'],
  ['02:60-05:00', 'has the time "02:60", which must be from 00:00 to 23:59, or 24:00 as the end'],
  ['22:00-24:01', 'has the time "24:01", which must be from 00:00 to 23:59, or 24:00 as the end'],
  ['24:00-05:00', 'has the time "24:00", which must be from 00:00 to 23:59, or 24:00 as the end'],
  ['02:00-02:00', 'opens and closes at 02:00; a whole day is 00:00-24:00'],
  ['Mo-Fr 02:00-05:00', 'has the day "Mo", which must be one of Mon, Tue, Wed, Thu, Fri, Sat, Sun'],
  ['Mon, 02:00-05:00', 'has the day "", which must be one of Mon, Tue, Wed, Thu, Fri, Sat, Sun'],
  ['Mon-Wed-Fri 02:00-05:00', 'has the day "Mon-Wed-Fri", which must be one of Mon, Tue, Wed, Thu, Fri, Sat, Sun'],
  [
    '02:00-05:00 Europe/Berln',
    'has the time zone "Europe/Berln", which is not known; it must be a name such as Europe/Berlin or UTC',
  ],
  [
    '02:00-05:00 +01:00',
    'has the time zone "+01:00", which is not known; it must be a name such as Europe/Berlin or UTC',
  ],
  ['02:00-05:00;'.repeat(30).slice(0, -1), 'must have at most 20 windows'],
  ['x'.repeat(501), 'must have at most 500 characters'],
])('%j is wrong, and the problem says what is allowed', (text, problem) => {
  expect(parseRotationWindow(text)).toEqual({ ok: false, problem });
});
