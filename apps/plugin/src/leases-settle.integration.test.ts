import { join } from 'node:path';
import {
  createDriverSecret,
  createService,
  type FakeReply,
  type FakeRequest,
  type FakeServer,
  type LogEntry,
  type OwnEngine,
  type PluginProcess,
  readSecret,
  runningTasks,
  startFakeServer,
  startPlugin,
  startSwarm,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'leases-settle';
const IN_TIME = 90_000;
const DEADLINE_MS = 5_000;

/** The scripted Vault: when it issued which access key, by role, in milliseconds since 1970. */
const issued: { readonly role: string; readonly key: string; readonly atMs: number }[] = [];
const directory = tempDirectory();
let vault: FakeServer;
let engine: OwnEngine;
const plugins: PluginProcess[] = [];

/** Vault with an AWS engine, which the Vault of the lab lacks. */
function answer({ path }: FakeRequest): FakeReply {
  const role = path.match(/^\/v1\/aws\/creds\/(\w+)$/)?.[1];
  if (role !== undefined) {
    const key = `AKIA${issued.length}`;
    issued.push({ role, key, atMs: Date.now() });
    const lease = { lease_id: `aws/creds/${role}/${key}`, lease_duration: 3_600, renewable: true };
    return { status: 200, body: { ...lease, data: { access_key: key, secret_key: `of ${key}` } } };
  }
  const auth = { lease_duration: 3_600, renewable: true, token_type: 'service', orphan: true };
  switch (path) {
    case '/v1/auth/token/lookup-self':
      return { status: 200, body: { data: { ttl: 0, renewable: false } } };
    case '/v1/sys/internal/ui/mounts/aws':
      return { status: 200, body: { data: { type: 'aws', path: 'aws/' } } };
    case '/v1/auth/token/create/vault-swarm':
      return {
        status: 200,
        body: { auth: { ...auth, client_token: 'hvs.holder', accessor: `holder-${issued.length}` } },
      };
    case '/v1/auth/token/renew-accessor':
      return { status: 200, body: { auth } };
    case '/v1/auth/token/revoke-accessor':
      return { status: 204 };
    default:
      return { status: 404, body: { errors: [] } };
  }
}

async function start(): Promise<void> {
  const plugin = await startPlugin({
    dir: join(directory.path, `plugin-${plugins.length + 1}`),
    env: {
      ...{ PLUGIN_NAME: DRIVER, DOCKER_HOST: engine.host, VAULT_ROTATION_INTERVAL: '1s', LOG_LEVEL: 'debug' },
      ...{ SECRETS_PROVIDER: 'vault', VAULT_ADDR: vault.endpoint, VAULT_TOKEN: 'ours' },
      GETSECRET_DEADLINE: `${DEADLINE_MS}ms`,
    },
  });
  plugins.push(plugin);
  await plugin.waitReady();
}

/** The events of all processes about a service. */
function logged(event: string, service: string): readonly LogEntry[] {
  const lines = plugins.flatMap((plugin) => plugin.logs().split('\n').slice(0, -1));
  const entries = lines.map((line) => JSON.parse(line) as LogEntry);
  return entries.filter((entry) => entry.event === event && entry.service === service);
}

const issuedFor = (role: string) => issued.filter((one) => one.role === role);
const timesOf = (entries: readonly LogEntry[]) => entries.map(({ time }) => Date.parse(String(time)));

/** Creates a service whose tasks have both parts of a credential of a role of the same name. */
async function create(name: string, { settle, replicas }: { readonly settle: string; readonly replicas: number }) {
  const labels = { vault_path: `creds/${name}`, vault_mount: 'aws', vault_lease: 'service', vault_settle: settle };
  const secrets = [`${name}_access`, `${name}_secret`];
  await createDriverSecret(engine, {
    name: `${name}_access`,
    driver: DRIVER,
    labels: { ...labels, vault_field: 'access_key' },
  });
  await createDriverSecret(engine, {
    name: `${name}_secret`,
    driver: DRIVER,
    labels: { ...labels, vault_field: 'secret_key' },
  });
  await createService(engine, { name, replicas, secrets, flags: ['--restart-delay', '1s'] });
}

/** Waits until all tasks run. Resolves to their access keys; each has the other part of its own. */
async function keysOf(name: string, replicas: number): Promise<readonly string[]> {
  const tasks = await waitFor(
    async (see) => {
      const running = await runningTasks(engine, name);
      see(running);
      return running.length === replicas && running;
    },
    { timeoutMs: IN_TIME, what: `${replicas} tasks of ${name}` },
  );
  return Promise.all(
    tasks.map(async ({ containerId }) => {
      const key = String(await readSecret(engine, containerId, `${name}_access`));
      expect(String(await readSecret(engine, containerId, `${name}_secret`))).toBe(`of ${key}`);
      return key;
    }),
  );
}

/** No answer to a request took much longer than the deadline, on a busy machine. */
function keepsDeadline(name: string): void {
  const answers = [...logged('secret.delivered', name), ...logged('delivery.failed', name)];
  for (const { duration_ms: durationMs } of answers) expect(Number(durationMs)).toBeLessThan(2 * DEADLINE_MS);
}

beforeAll(async () => {
  [engine, vault] = await Promise.all([
    startSwarm({ dir: join(directory.path, 'engine') }),
    startFakeServer({ answer }),
  ]);
  await start();
});

afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return;
  const lines = plugins.flatMap((plugin) => plugin.logs().trimEnd().split('\n'));
  process.stderr.write(
    `${lines
      .filter((line) => !line.includes('reconcile.completed'))
      .slice(-60)
      .join('\n')}\n`,
  );
});

afterAll(async () => {
  await plugins.at(-1)?.kill('SIGKILL');
  await engine?.stop();
  await vault?.stop();
  await directory.remove();
});

test('a request waits until its credential has settled, and the tasks share it', async () => {
  await create('short', { settle: '3s', replicas: 2 });
  const keys = await keysOf('short', 2);
  const [first] = issuedFor('short');
  expect(issuedFor('short')).toHaveLength(1);
  expect(keys).toEqual([first?.key, first?.key]);
  expect(logged('delivery.failed', 'short')).toEqual([]);
  const delivered = timesOf(logged('secret.delivered', 'short'));
  expect(Math.min(...delivered)).toBeGreaterThanOrEqual((first?.atMs ?? 0) + 3_000);
  keepsDeadline('short');
});

test('a credential that settles after the deadline is withheld from one request after the other, and issued once', async () => {
  await create('long', { settle: '15s', replicas: 2 });
  const keys = await keysOf('long', 2);
  const [first] = issuedFor('long');
  expect(issuedFor('long')).toHaveLength(1);
  expect(keys).toEqual([first?.key, first?.key]);
  const failed = logged('delivery.failed', 'long');
  expect(failed.length).toBeGreaterThan(1);
  for (const { message } of failed) expect(message).toContain('withheld until it works everywhere');
  expect(Math.min(...timesOf(logged('secret.delivered', 'long')))).toBeGreaterThanOrEqual((first?.atMs ?? 0) + 15_000);
  keepsDeadline('long');
});

test('after a restart within that time another credential is issued, and withheld for its own time', async () => {
  await create('again', { settle: '15s', replicas: 1 });
  await waitFor(() => logged('delivery.failed', 'again').length > 0, { timeoutMs: IN_TIME, what: 'a request' });
  expect(logged('secret.delivered', 'again')).toEqual([]);
  await plugins.at(-1)?.kill('SIGKILL');
  await start();
  const [key] = await keysOf('again', 1);
  const [lost, second] = issuedFor('again');
  expect(issuedFor('again')).toHaveLength(2);
  expect([key, lost?.key === key]).toEqual([second?.key, false]);
  expect(Math.min(...timesOf(logged('secret.delivered', 'again')))).toBeGreaterThanOrEqual(
    (second?.atMs ?? 0) + 15_000,
  );
  keepsDeadline('again');
});
