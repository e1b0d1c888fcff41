import {
  allowHolders,
  createCertificateRoles,
  createDriverSecret,
  createService,
  PluginSwarm,
  runningTasks,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'leases-encryption';
const IN_TIME = 90_000;
const LABEL = 'vault-swarm.ledger';

const directory = tempDirectory();
/** Of plugins that start from now on. */
const env: Record<string, string> = {};
let swarm: PluginSwarm;

beforeAll(async () => {
  swarm = await PluginSwarm.start({ dir: directory.path, driver: DRIVER, count: 2, env });
  await createCertificateRoles(swarm.vault);
  await allowHolders(swarm.vault, { paths: ['pki/issue/leased'], periodS: 3_600 });
  const { engine } = await swarm.managers.leader();
  const params = JSON.stringify({ common_name: 'web.example', ttl: '1h' });
  const labels = { vault_path: 'issue/leased', vault_mount: 'pki', vault_lease: 'service', vault_params: params };
  await createDriverSecret(engine, { name: 'tls', driver: DRIVER, labels: { ...labels, encoding: 'pem-bundle' } });
  await createService(engine, { name: 'web', replicas: 2, secrets: ['tls'] });
  await runs(2);
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(await swarm.describe('web').catch(String));
});

afterAll(async () => {
  await swarm?.stop();
  await directory.remove();
});

async function runs(count: number): Promise<void> {
  const { engine } = await swarm.managers.leader();
  await waitFor(async () => (await runningTasks(engine, 'web')).length === count, {
    timeoutMs: IN_TIME,
    what: `${count} tasks of web`,
  });
}

/** The config object with the accounts, as everybody who can read configs sees it. */
async function accounts(): Promise<{ readonly json: string; readonly text: string }> {
  const { engine } = await swarm.managers.leader();
  const config = (await engine.api('GET', `/configs/${DRIVER}.leases`)) as {
    readonly Spec: { readonly Labels: Readonly<Record<string, string>> };
  };
  return { json: JSON.stringify(config), text: config.Spec.Labels[LABEL] ?? '' };
}

async function keysAt(path: string): Promise<readonly string[]> {
  const { status, body } = await swarm.vault.request('LIST', path);
  return status === 404 ? [] : (body as { readonly data: { readonly keys: readonly string[] } }).data.keys;
}

/** The secret parts of what Vault knows: the last part of each lease id, and the accessor of each holder. */
async function identifiers(): Promise<readonly string[]> {
  const leases = await keysAt('sys/leases/lookup/pki/issue/leased');
  const holders = [];
  for (const accessor of await keysAt('auth/token/accessors')) {
    const { body } = await swarm.vault.request('POST', 'auth/token/lookup-accessor', { accessor });
    const { data } = body as { readonly data: { readonly meta: { readonly service?: string } | null } };
    if (data.meta?.service === 'web') holders.push(accessor);
  }
  return [...leases, ...holders];
}

/** How many leases of web a manager knows, and the messages of its problems. */
async function knows(url: string): Promise<{ readonly leases: number; readonly problems: readonly string[] }> {
  const ask = async (path: string) => (await fetch(`${url}${path}`)).json();
  const { leases } = (await ask('/api/v1/leases')) as { readonly leases: readonly unknown[] };
  const { problems } = (await ask('/api/v1/overview')) as {
    readonly problems: readonly { readonly message: string }[];
  };
  return { leases: leases.length, problems: problems.map(({ message }) => message) };
}

/** Waits until all managers know that many leases, and have no problem. */
async function allKnow(leases: number): Promise<void> {
  await waitFor(
    async (see) => {
      const known = await Promise.all(swarm.runners.map(({ url }) => knows(url)));
      see(known);
      return known.every((one) => one.leases === leases && one.problems.length === 0);
    },
    { timeoutMs: IN_TIME, what: `${leases} leases on both managers` },
  );
}

/** Starts all plugins again with other settings, the leader's last. */
async function restart(settings: Readonly<Record<string, string>>): Promise<void> {
  for (const name of ['LEDGER_KEY', 'LEDGER_KEY_PREVIOUS', 'LEDGER_ACCEPT_UNSIGNED']) delete env[name];
  Object.assign(env, settings);
  const leading = await swarm.leadingRunner();
  for (const runner of swarm.runners) if (runner !== leading) await runner.restart();
  await leading.restart();
}

const becomes = (what: string, isSo: (now: Awaited<ReturnType<typeof accounts>>) => boolean) =>
  waitFor(async () => isSo(await accounts()), { timeoutMs: IN_TIME, what });

test('with LEDGER_KEY the accounts name no lease and no holder, and a key can be added and replaced', async () => {
  await allKnow(1);
  const known = await identifiers();
  expect(known).toHaveLength(2);
  const plain = await accounts();
  for (const identifier of known) expect(plain.json).toContain(identifier);

  await restart({ LEDGER_KEY: 'first key', LEDGER_ACCEPT_UNSIGNED: 'true' });
  await becomes('encrypted accounts', ({ text }) => text.startsWith('aes-gcm:'));
  await restart({ LEDGER_KEY: 'first key' });
  await allKnow(1);
  const first = await accounts();
  for (const identifier of known) expect(first.json).not.toContain(identifier);

  await restart({ LEDGER_KEY: 'second key', LEDGER_KEY_PREVIOUS: 'first key' });
  await becomes('accounts that were encrypted again', ({ text }) => text !== first.text);
  await allKnow(1);
  await restart({ LEDGER_KEY: 'second key' });
  await allKnow(1);

  // The values are lost, so a task that starts gets another credential, which is written with the present key.
  await (await swarm.managers.leader()).engine.dockerBytes('service', 'scale', '--detach', 'web=3');
  await runs(3);
  await allKnow(2);
  const all = await identifiers();
  expect(all.length).toBeGreaterThan(known.length);
  const { json } = await accounts();
  for (const identifier of all) expect(json).not.toContain(identifier);

  await restart({ LEDGER_KEY: 'first key' });
  await waitFor(async () => (await knows((await swarm.leadingRunner()).url)).problems.length > 0, {
    timeoutMs: IN_TIME,
    what: 'a problem with the key',
  });
}, 300_000);
