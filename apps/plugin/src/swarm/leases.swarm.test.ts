import { setTimeout as delay } from 'node:timers/promises';
import {
  LeasedShop,
  type PluginSwarm,
  type Postgres,
  startOnSelectedEngine,
  startPostgres,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'leases-swarm';
const SERVICES = ['shop', 'office'];
const REPLICAS = 3;
/** Longer than an election, in which nobody renews, takes on a busy machine. */
const TTL_S = 90;
const MAX_TTL_S = 225;
const PERIOD_S = 120;
const KILLS = Number(process.env.LEASE_KILLS || 20);
const MAX_TTLS = 2;
const TIMEOUT_MS = 1_500_000;
const CLEAN_MS = 300_000;

const directory = tempDirectory();
let swarm: PluginSwarm;
let postgres: Postgres;
let shop: LeasedShop;

beforeAll(async () => {
  [swarm, postgres] = await Promise.all([
    startOnSelectedEngine({ dir: directory.path, driver: DRIVER, env: { LEASE_REVOKE_AFTER: '10s' } }),
    startPostgres({ dir: `${directory.path}/postgres` }),
  ]);
  shop = await LeasedShop.start({
    ...{ swarm, postgres, dir: directory.path, driver: DRIVER, services: SERVICES, replicas: REPLICAS },
    ...{ ttlS: TTL_S, maxTtlS: MAX_TTL_S, periodS: PERIOD_S },
  });
  await waitFor(() => shop.accepted > 0 && shop.generations.size === SERVICES.length, {
    timeoutMs: 120_000,
    what: 'tasks to log in',
  });
}, 400_000);

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe('shop').catch(String));
});

afterAll(async () => {
  await shop?.stop();
  await swarm?.stop();
  await postgres?.stop();
  await directory.remove();
});

test('every login works and every connection is kept over two maxima, through leader changes, kills of plugins, outages of Vault and repeated requests', {
  timeout: TIMEOUT_MS,
}, async () => {
  const untilMs = Date.now() + MAX_TTLS * MAX_TTL_S * 1_000;
  const pauseMs = (MAX_TTLS * MAX_TTL_S * 1_000) / (KILLS + 1);
  let crashes = 0;
  for (let step = 1; step <= KILLS; step++) {
    await delay(Math.random() * pauseMs);
    const leading = await swarm.leadingRunner();
    if (step % 7 === 3) {
      // The other managers elect another leader, and the tasks of this machine are started elsewhere.
      await Promise.all([leading.node.engine.kill(), leading.plugin.kill('SIGKILL')]);
      await swarm.managers.leader();
      await leading.node.start();
      await leading.start();
    } else if (step % 7 === 5) {
      process.kill(swarm.vault.pid, 'SIGSTOP');
      await delay((TTL_S * 1_000) / 4);
      process.kill(swarm.vault.pid, 'SIGCONT');
      continue;
    } else {
      // The secrets of all tasks are requested again by the next process.
      await leading.restart();
    }
    crashes += 1;
    process.stderr.write(`${step}: ${shop.accepted} logins, ${shop.refused.length} refused\n`);
  }
  await waitFor(() => Date.now() >= untilMs, { timeoutMs: TIMEOUT_MS, what: 'two maxima to pass' });
  const issued = await shop.issued();
  process.stderr.write(
    `${shop.accepted} logins, ${shop.refused.length} refused; ${issued} credentials for ${shop.generations.size} ` +
      `generations and ${crashes} crashes\n`,
  );
  const { queries } = shop;
  process.stderr.write(
    `${queries.answered} queries on kept connections, ${queries.failed.length} failed; one was kept for ` +
      `${Math.round(queries.longestMs / 1_000)} s\n`,
  );
  expect(shop.refused).toEqual([]);
  expect(queries.failed).toEqual([]);
  expect(queries.answered).toBeGreaterThan(100);
  expect(shop.accepted).toBeGreaterThan(100);
  for (const service of SERVICES) expect(await swarm.generation(service)).toBeGreaterThanOrEqual(MAX_TTLS);
  // Each service may need one more after each crash.
  expect(issued).toBeLessThanOrEqual(shop.generations.size + crashes * SERVICES.length);
});

test('after the services are removed, neither PostgreSQL nor Vault has a credential of them', {
  timeout: CLEAN_MS + 60_000,
}, async () => {
  await shop.stop();
  const { engine } = await swarm.managers.leader();
  await engine.dockerBytes('service', 'rm', ...SERVICES);
  await waitFor(
    async (see) => {
      const left = { roles: await shop.roles(), leases: await shop.leases() };
      see(left);
      return left.roles.length === 0 && left.leases.length === 0;
    },
    { timeoutMs: CLEAN_MS, intervalMs: 2_000, what: 'all credentials to be gone' },
  );
});
