import { expect, test } from 'vitest';
import { ServerClock } from './server-clock.ts';

test("ages are counted by the plugin's clock, however the browser's own is set", () => {
  let monotonic = 1_000;
  const clock = new ServerClock(() => monotonic);
  const startedMs = Date.UTC(2020, 0, 1);
  expect(clock.dataAgeMs.value).toBeNull();
  clock.hear({
    plugin: { name: 'p', version: '1', started_at: new Date(startedMs).toISOString(), uptime_seconds: 60 },
  });
  monotonic += 5_000;
  clock.tick();
  expect(clock.nowMs.value).toBe(startedMs + 65_000);
  expect(clock.dataAgeMs.value).toBe(5_000);
  expect(clock.untilMs(monotonic + 300)).toBe(300);
  expect(clock.untilMs(0)).toBe(0);
});
