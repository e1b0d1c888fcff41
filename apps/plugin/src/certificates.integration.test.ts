import { OneManager, TlsServices, tempDirectory, waitFor } from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'certificates-test';
/** Replaced after 30 s; a busy machine then has 15 s for a rollout. */
const CERTIFICATE_S = 45;
const REPLACEMENTS = 3;
const IN_TIME = 60_000;

const directory = tempDirectory();
let swarm: OneManager;
let services: TlsServices;

beforeAll(async () => {
  swarm = await OneManager.start({ dir: directory.path, driver: DRIVER });
  await swarm.startPlugin({ LEASE_REVOKE_AFTER: '5s' });
  services = await TlsServices.start({
    ...{ swarm, driver: DRIVER, dir: directory.path, certificateS: CERTIFICATE_S },
    services: [{ name: 'web', replicas: 1, order: 'start-first' }],
  });
  await waitFor(
    (see) => {
      see(services.failed);
      return services.answered > 0;
    },
    { timeoutMs: IN_TIME, what: 'a first answer' },
  );
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe());
});

afterAll(async () => {
  await services?.stop();
  await swarm?.stop();
  await directory.remove();
});

test('a client that verifies the certificate sees no failure while it is replaced three times', async () => {
  await waitFor(
    (see) => {
      see({ generations: services.generationsOf('web'), failed: services.failed });
      return services.generationsOf('web') > REPLACEMENTS || services.failed.length > 0;
    },
    { timeoutMs: 170_000, what: `${REPLACEMENTS} replacements` },
  );
  expect(services.failed).toEqual([]);
  expect(services.generationsOf('web')).toBeGreaterThan(REPLACEMENTS);
  // The next one may be issued already.
  expect((await services.issued()) - services.generationsOf('web')).toBeLessThanOrEqual(1);
});
