import {
  allowHolders,
  createDatabaseRole,
  createService,
  KeptQueries,
  OneManager,
  type Postgres,
  type PostgresLogin,
  readSecret,
  runningTasks,
  SHOP_QUERY,
  startPostgres,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const IN_TIME = 120_000;
const TTL_S = 30;
const MAX_TTL_S = 75;

const directory = tempDirectory();
let swarm: OneManager;
let postgres: Postgres;

/** The running tasks of a service with their logins. */
async function loggedIn(service: string): Promise<readonly { readonly id: string; readonly login: PostgresLogin }[]> {
  const tasks = await runningTasks(swarm.engine, service);
  // A task that ends meanwhile is not counted.
  const read = tasks.map(async ({ id, containerId }) => {
    const [user, password] = await Promise.all(
      ['user', 'password'].map((secret) => readSecret(swarm.engine, containerId, secret)),
    );
    return { id, login: { user: String(user), password: String(password) } };
  });
  return (await Promise.allSettled(read)).flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

/** How many roles of PostgreSQL Vault has created and not removed. */
async function roles(): Promise<number> {
  const [count] = await postgres.query("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'v-%'");
  return Number(count);
}

/** How many credentials the plugin had issued, in all its lives. */
function issued(): number {
  return swarm.logged('lease.issued').length;
}

beforeAll(async () => {
  [swarm, postgres] = await Promise.all([
    OneManager.start({ dir: `${directory.path}/swarm`, driver: 'leases-test', timeoutMs: IN_TIME }),
    startPostgres({ dir: `${directory.path}/postgres` }),
  ]);
  await createDatabaseRole(swarm.vault, { postgres, ttlS: TTL_S, maxTtlS: MAX_TTL_S });
  await allowHolders(swarm.vault, { paths: ['database/creds/shop'], periodS: 60 });
  await swarm.startPlugin({ LEASE_REVOKE_AFTER: '5s' });
  const labels = { vault_path: 'creds/shop', vault_mount: 'database', vault_lease: 'service' };
  await swarm.createSecret('user', { ...labels, vault_field: 'username' });
  await swarm.createSecret('password', labels);
  await createService(swarm.engine, { name: 'shop', replicas: 2, secrets: ['user', 'password'] });
  await waitFor(async () => (await runningTasks(swarm.engine, 'shop')).length === 2, {
    timeoutMs: IN_TIME,
    what: 'the tasks of shop to run',
  });
}, 300_000);

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe());
});

afterAll(async () => {
  await swarm?.stop();
  await postgres?.stop();
  await directory.remove();
});

test('all tasks of a service share one credential, with which they log in', async () => {
  const [first, second] = (await loggedIn('shop')).map(({ login }) => login);
  expect(first?.user).toMatch(/^v-/);
  expect(second).toEqual(first);
  expect(await postgres.accepts(first as PostgresLogin)).toBe(true);
  expect(issued()).toBe(1);
});

test('every login works and every connection is kept over two maxima of its life, with the plugin killed in between', {
  timeout: 600_000,
}, async () => {
  const untilMs = Date.now() + 2.2 * MAX_TTL_S * 1_000;
  const queries = new KeptQueries(postgres, SHOP_QUERY);
  let checks = 0;
  let isKilled = false;
  while (Date.now() < untilMs) {
    const tasks = await loggedIn('shop');
    queries.follow('shop', tasks);
    expect(queries.failed).toEqual([]);
    for (const { login } of tasks) expect(await postgres.accepts(login), login.user).toBe(true);
    checks += 1;
    if (!isKilled && swarm.logged('rollout.completed', 'shop').length > 0) {
      isKilled = true;
      await swarm.restartPlugin();
    }
  }
  queries.stop();
  expect(checks).toBeGreaterThan(10);
  // Each user was kept for most of the time in which Vault lets it exist.
  expect(queries.longestMs).toBeGreaterThan(TTL_S * 1_000);
  expect(queries.answered).toBeGreaterThan(100);
  expect(isKilled).toBe(true);
  expect(await swarm.generation('shop')).toBeGreaterThanOrEqual(2);
});

test('after the service is removed, neither the database nor Vault has a credential of it', async () => {
  await swarm.engine.dockerBytes('service', 'rm', 'shop');
  await waitFor(
    async (see) => {
      const left = await roles();
      see(left);
      return left === 0;
    },
    { timeoutMs: IN_TIME, what: 'PostgreSQL to have no role of Vault' },
  );
  expect(swarm.logged('lease.revoked').length).toBeGreaterThan(0);
});
