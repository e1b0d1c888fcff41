import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { nothingSeen, secret, service, setUpExposition } from './testing/sources.ts';

test('a scrape of however many secrets and services with the longest names has less than a million bytes', async () => {
  const names = Array.from({ length: 3_000 }, (_, index) => String(index).padStart(64, 'x'));
  const { exposition } = setUpExposition({
    status: {
      ...nothingSeen,
      secrets: names.map((name) =>
        secret(name, { problem: { code: 'NOT_FOUND', message: 'none' }, changedAtMs: 1_700_000_000_123 }),
      ),
      services: names.map((name) =>
        service(name, {
          runningTasks: 10_000,
          outdatedTasks: 10_000,
          problem: { code: 'ROTATION_BLOCKED', message: 'none' },
        }),
      ),
    },
  });
  for (const accept of [undefined, 'application/openmetrics-text; version=1.0.0']) {
    const text = await exposition.render(accept);
    expect(Buffer.byteLength(text)).toBeLessThan(900_000);
    expect(text.match(/secret_problem\{/g)?.length).toBeGreaterThan(1_000);
    expect(text.match(/service_problem\{/g)?.length).toBeGreaterThan(600);
  }
});

test('a scrape of 1,000 secrets and 300 services lets others have their turn, and is half a megabyte at most', async () => {
  const { exposition } = setUpExposition({
    status: {
      ...nothingSeen,
      secrets: Array.from({ length: 1000 }, (_, index) => secret(`team-${index % 40}_application-secret-${index}`)),
      services: Array.from({ length: 300 }, (_, index) => service(`team-${index % 40}_service-${index}`)),
    },
  });
  await exposition.render(undefined);
  let turns = 0;
  const others = setInterval(() => turns++, 1);
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  let text = '';
  for (let scrape = 0; scrape < 10; scrape++) text = await exposition.render(undefined);
  clearInterval(others);
  delays.disable();
  expect(turns).toBeGreaterThan(0);
  expect(Buffer.byteLength(text)).toBeLessThan(500_000);
  // A tenth of what a task's secret may wait for: a machine that runs many tests at once is no reason to fail.
  expect(delays.percentile(50) / 1e6).toBeLessThan(200);
});
