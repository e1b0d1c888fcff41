import { expect, test } from 'vitest';
import { DeliveryStats } from './delivery-stats.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { delivered, refused, requested } from './testing/samples.ts';

test('counts deliveries by source, and reports the share from the cache', () => {
  const stats = new DeliveryStats(new ManualClock());
  expect(stats.summary()).toEqual({
    cache: 0,
    provider: 0,
    stale: 0,
    refused: 0,
    hitRate: null,
    p50Ms: null,
    p99Ms: null,
  });
  const events = [delivered('cache', 1), delivered('cache', 1), delivered('provider', 200), refused(1)];
  for (const event of [...events, requested('vault')]) stats.observe(event);
  const { p99Ms, ...summary } = stats.summary();
  expect(summary).toMatchObject({ cache: 2, provider: 1, stale: 0, refused: 1, hitRate: 66.67 });
  expect(p99Ms).toBeGreaterThan(180);
  stats.observe(delivered('stale'));
  expect(stats.summary()).toMatchObject({ stale: 1, hitRate: 50 });
});
