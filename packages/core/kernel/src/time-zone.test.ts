import { expect, test } from 'vitest';
import { TimeZone } from './time-zone.ts';

const MINUTE_MS = 60_000;

function zone(name: string): TimeZone {
  const found = TimeZone.named(name);
  if (found === null) throw new Error(`no zone ${name}`);
  return found;
}

const wall = (name: string, instant: string) => new Date(zone(name).wallTime(Date.parse(instant))).toISOString();
const instant = (name: string, wallTime: string) =>
  new Date(zone(name).instant(Date.parse(`${wallTime}Z`))).toISOString();

test.each([
  ['UTC', '2026-07-01T12:34:56.789Z', '2026-07-01T12:34:56.789Z'],
  ['Europe/Berlin', '2026-01-01T12:00:00Z', '2026-01-01T13:00:00.000Z'],
  ['Europe/Berlin', '2026-07-01T12:00:00Z', '2026-07-01T14:00:00.000Z'],
  ['Europe/Berlin', '2026-12-31T23:00:00Z', '2027-01-01T00:00:00.000Z'],
  ['Asia/Kathmandu', '2026-07-01T00:00:00Z', '2026-07-01T05:45:00.000Z'],
  ['America/New_York', '2026-07-01T00:00:00Z', '2026-06-30T20:00:00.000Z'],
  ['Europe/Berlin', '1969-12-31T22:59:59.500Z', '1969-12-31T23:59:59.500Z'],
])('a wall in %s shows at %s: %s', (name, at, expected) => {
  expect(wall(name, at)).toBe(expected);
});

test.each([
  ['an ordinary time', 'Europe/Berlin', '2026-07-01T02:00', '2026-07-01T00:00:00.000Z'],
  ['before clocks are set forward', 'Europe/Berlin', '2026-03-29T01:59', '2026-03-29T00:59:00.000Z'],
  ['a time that is left out: it is an hour later', 'Europe/Berlin', '2026-03-29T02:30', '2026-03-29T01:30:00.000Z'],
  ['after clocks are set forward', 'Europe/Berlin', '2026-03-29T03:00', '2026-03-29T01:00:00.000Z'],
  ['a time that is shown twice: the first', 'Europe/Berlin', '2026-10-25T02:30', '2026-10-25T00:30:00.000Z'],
  ['after clocks are set back', 'Europe/Berlin', '2026-10-25T03:00', '2026-10-25T02:00:00.000Z'],
  ['west of Greenwich, left out', 'America/New_York', '2026-03-08T02:30', '2026-03-08T07:30:00.000Z'],
  ['west of Greenwich, twice', 'America/New_York', '2026-11-01T01:30', '2026-11-01T05:30:00.000Z'],
  ['a change of half an hour', 'Australia/Lord_Howe', '2026-04-05T01:45', '2026-04-04T14:45:00.000Z'],
  ['a day that is left out', 'Pacific/Apia', '2011-12-30T10:00', '2011-12-30T20:00:00.000Z'],
])('the instant of %s', (_what, name, wallTime, expected) => {
  expect(instant(name, wallTime)).toBe(expected);
});

test.each([
  ['Europe/Berlin', 2],
  ['America/New_York', 2],
  ['Australia/Lord_Howe', 1],
  ['UTC', 0],
])(
  'around the changes of clocks in %s, each half hour is the instant of its wall time, but for %d repeated ones',
  (name, expected) => {
    const repeated: number[] = [];
    for (const [month, days] of [
      [2, 40],
      [9, 35],
    ] as const) {
      for (let halfHour = 0; halfHour < days * 48; halfHour++) {
        const atMs = Date.UTC(2026, month, 1) + halfHour * 30 * MINUTE_MS;
        if (zone(name).instant(zone(name).wallTime(atMs)) !== atMs) repeated.push(atMs);
      }
    }
    expect(repeated).toHaveLength(expected);
  },
);

test.each(['', 'Europe/Nowhere', '+01:00', 'CEST2', 'Europe/Berlin; rm', 'x'.repeat(100), 'Europe/Bèrlin'])(
  '%j is no zone',
  (name) => {
    expect(TimeZone.named(name)).toBeNull();
  },
);
