import { setTimeout as delay } from 'node:timers/promises';
import { OneManager, TlsServices, tempDirectory, waitFor } from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'certificates-swarm';
const CERTIFICATE_S = 300;
const MINUTES = Number(process.env.CERTIFICATE_MINUTES || 20);
const SERVICES = [
  { name: 'one', replicas: 1, order: 'start-first' },
  { name: 'two', replicas: 2, order: 'stop-first' },
] as const;
/** Each certificate is replaced at two thirds of its life, or 5 % of it later. */
const REPLACEMENTS = Math.floor((MINUTES * 60) / (0.72 * CERTIFICATE_S));

const directory = tempDirectory();
let swarm: OneManager;
let services: TlsServices;

beforeAll(async () => {
  swarm = await OneManager.start({ dir: directory.path, driver: DRIVER });
  await swarm.startPlugin();
  services = await TlsServices.start({
    ...{ swarm, driver: DRIVER, dir: directory.path, certificateS: CERTIFICATE_S, services: SERVICES },
  });
  await waitFor(() => services.seconds.size === SERVICES.length, { timeoutMs: 120_000, what: 'first answers' });
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe());
});

afterAll(async () => {
  await services?.stop();
  await swarm?.stop();
  await directory.remove();
});

test('a client that verifies certificates of five minutes sees no failure, also if the plugin is killed', {
  timeout: MINUTES * 60_000 + 300_000,
}, async () => {
  const endsAtMs = performance.now() + MINUTES * 60_000;
  let minutes = 0;
  while (performance.now() < endsAtMs && services.failed.length === 0) {
    await delay(60_000);
    minutes += 1;
    if (minutes === Math.ceil(MINUTES / 2)) await swarm.restartPlugin();
    const seconds = [...services.seconds].map(([name, count]) => `${name} ${count} s`).join(', ');
    process.stderr.write(
      `${minutes} minutes: ${services.answered} answers (${seconds}), ${services.failed.length} failed\n`,
    );
  }
  const generations = SERVICES.map(({ name }) => services.generationsOf(name));
  const issued = await services.issued();
  process.stderr.write(`${issued} certificates for generations ${generations.join(' and ')}\n`);
  expect(services.failed).toEqual([]);
  for (const count of generations) expect(count).toBeGreaterThan(REPLACEMENTS);
  // The kill may cost each service one, and the next one may be issued already.
  expect(issued).toBeLessThanOrEqual(generations.reduce((sum, count) => sum + count, 0) + 2 * SERVICES.length);
});
