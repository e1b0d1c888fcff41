import {
  createService,
  OneManager,
  type Postgres,
  type PostgresLogin,
  runningTasks,
  startPostgres,
  taskValues,
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

async function vault(method: string, path: string, body?: object): Promise<string> {
  const { status, text } = await swarm.vault.request(method, path, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
  return text;
}

/** The logins of the running tasks of a service. */
async function logins(service: string): Promise<readonly PostgresLogin[]> {
  const [users, passwords] = await Promise.all([
    taskValues(swarm.engine, service, 'user'),
    taskValues(swarm.engine, service, 'password'),
  ]);
  return users.map((user, index) => ({ user, password: passwords[index] ?? '' }));
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
  await vault('POST', 'sys/mounts/database', { type: 'database' });
  await vault('POST', 'database/config/app', {
    plugin_name: 'postgresql-database-plugin',
    allowed_roles: ['*'],
    connection_url: postgres.vaultUrl,
    username: postgres.root.user,
    password: postgres.root.password,
  });
  await vault('POST', 'database/roles/shop', {
    db_name: 'app',
    default_ttl: `${TTL_S}s`,
    max_ttl: `${MAX_TTL_S}s`,
    creation_statements: [`CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`],
  });
  await vault('PUT', 'sys/policies/acl/shop', {
    policy: 'path "database/creds/shop" { capabilities = ["read"] }',
  });
  await vault('POST', 'auth/token/roles/vault-swarm', {
    orphan: true,
    token_period: '60s',
    allowed_policies: ['shop'],
  });
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
  const [first, second] = await logins('shop');
  expect(first?.user).toMatch(/^v-/);
  expect(second).toEqual(first);
  expect(await postgres.accepts(first as PostgresLogin)).toBe(true);
  expect(issued()).toBe(1);
});

test('every login works over two maxima of its life, with the plugin killed in between', {
  timeout: 600_000,
}, async () => {
  const untilMs = Date.now() + 2.2 * MAX_TTL_S * 1_000;
  let checks = 0;
  let isKilled = false;
  while (Date.now() < untilMs) {
    for (const login of await logins('shop')) expect(await postgres.accepts(login), login.user).toBe(true);
    checks += 1;
    if (!isKilled && swarm.logged('rollout.completed', 'shop').length > 0) {
      isKilled = true;
      await swarm.restartPlugin();
    }
  }
  expect(checks).toBeGreaterThan(10);
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
