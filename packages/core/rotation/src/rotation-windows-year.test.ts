import { parseRotationWindow, type StartTimes } from '@vault-swarm/provider';
import { World } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function windowOf(text: string): StartTimes['window'] {
  const parsed = parseRotationWindow(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.window;
}

/** What a clock in Berlin shows, as `Sun, 02`. On 29 March 2026, there is no time from 02:00 to 03:00. */
const inBerlin = new Intl.DateTimeFormat('en-GB', { weekday: 'short', hour: '2-digit', timeZone: 'Europe/Berlin' });

test('through a year with both changes of clocks, each change arrives in the next window, and in one rollout', async () => {
  const window = windowOf('Sun 02:00-03:00 Europe/Berlin');
  const world = new World({ intervalMs: HOUR_MS, startTimes: { window, debounceMs: 0 } });
  world.provider.write('db', 'week 0');
  const id = world.addService('web', 2, [world.swarm.addSecret('db', { vault_path: 'db' })]);
  world.start();
  // The year starts on a Thursday, and each week of the test on a Monday.
  await world.run(4 * DAY_MS);
  const late: string[] = [];
  for (let week = 1; week <= 52; week++) {
    const startMs = world.clock.now();
    // On any day but Sunday, and twice, so that one of the values is never delivered.
    await world.run(((week * 29) % 120) * HOUR_MS);
    world.provider.write('db', `week ${week}, first`);
    await world.run(5 * HOUR_MS);
    world.provider.write('db', `week ${week}`);
    await world.run(startMs + 7 * DAY_MS - world.clock.now());
    if (world.heldText(id, 'db').join() !== `week ${week},week ${week}`) late.push(`week ${week}`);
  }
  expect(late).toEqual([]);
  const starts = world.events.filter(({ type }) => type === 'rollout.started').map(({ atMs }) => atMs);
  expect(starts).toHaveLength(52);
  const outside = starts
    .filter((atMs) => !/^Sun\D*02$/.test(inBerlin.format(atMs)))
    .map((atMs) => new Date(atMs).toISOString());
  // On the day without that hour, the window opens right after the change.
  expect(outside).toEqual([expect.stringMatching(/^2026-03-29T01:00:0/)]);
}, 120_000);
