import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createDriverSecret,
  createService,
  freePort,
  type OwnEngine,
  type PluginProcess,
  readSecret,
  runningTasks,
  startPlugin,
  startSwarm,
  startVault,
  tempDirectory,
  type Vault,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';

const DRIVER = 'upgrade-test';
const LABEL = 'vault-swarm.ledger';
const commandLine = fileURLToPath(new URL('../../../bin/vault-swarm', import.meta.url));
const inTime = { timeoutMs: 60_000 };
const directory = tempDirectory();
let engine: OwnEngine;
let vault: Vault;
let port: number;
let plugin: PluginProcess;

const TOKEN = 'the-token-of-the-test';
const address = () => `http://127.0.0.1:${port}`;
const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${address()}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
  });
const write = (path: string, password: string) => vault.request('POST', `secret/data/${path}`, { data: { password } });

interface Health {
  readonly healthy: boolean;
  readonly problems: readonly string[];
}

const health = async () => (await (await ask('/health')).json()) as Health;

async function start(): Promise<void> {
  plugin = await startPlugin({
    dir: join(directory.path, `plugin-${performance.now()}`),
    env: {
      PLUGIN_NAME: DRIVER,
      DOCKER_HOST: engine.host,
      SECRETS_PROVIDER: 'vault',
      VAULT_ADDR: vault.addr,
      VAULT_TOKEN: vault.rootToken,
      VAULT_ROTATION_INTERVAL: '1s',
      MONITORING_PORT: String(port),
      MONITORING_TOKEN: TOKEN,
    },
  });
  await plugin.waitReady();
  await waitFor(async () => (await health()).healthy, { ...inTime, what: 'the monitoring' });
}

/** Waits until the plugin has compared all tasks twice since now. */
async function passes(): Promise<void> {
  const heartbeat = async () =>
    ((await (await ask('/metrics')).json()) as { readonly ticker_heartbeat: string }).ticker_heartbeat;
  for (let pass = 0; pass < 2; pass++) {
    const before = await heartbeat();
    await waitFor(async () => (await heartbeat()) !== before, { ...inTime, what: 'a pass' });
  }
}

async function held(service: string, secret: string): Promise<readonly string[]> {
  const tasks = await runningTasks(engine, service);
  return Promise.all(tasks.map(async ({ containerId }) => (await readSecret(engine, containerId, secret)).toString()));
}

/** Waits until the running tasks of a service have these values, in any order. */
async function reached(service: string, secret: string, ...values: readonly string[]): Promise<void> {
  await waitFor(
    async (see) => {
      const now = [...(await held(service, secret))].sort();
      see(now);
      return now.join() === values.join();
    },
    { ...inTime, what: `${service} to have ${values}` },
  );
}

/** The tasks of both services, by their ids. */
const tasks = async () =>
  Promise.all(['web', 'worker'].map(async (name) => (await runningTasks(engine, name)).map(({ id }) => id).sort()));

interface ConfigObject {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: { readonly Labels: Readonly<Record<string, string>> };
}

const ledgerObject = async () => (await engine.api('GET', `/configs/${DRIVER}.ledger`)) as ConfigObject;
const ledger = async () => (await ledgerObject()).Spec.Labels[LABEL] ?? '';

/** Waits until no rollout is open: while one is, its service's new tasks are given its values, whatever is newer. */
async function nothingIsOpen(): Promise<void> {
  await waitFor(
    async (see) => {
      const { services } = JSON.parse(await ledger()) as Ledger;
      see(services);
      return Object.values(services).every(({ rollout }) => rollout === undefined);
    },
    { ...inTime, what: 'the rollouts to be closed' },
  );
}

/** Writes the ledger as another version of the plugin would. */
async function replaceLedger(text: string): Promise<void> {
  const { ID, Version, Spec } = await ledgerObject();
  await engine.api('POST', `/configs/${ID}/update?version=${Version.Index}`, { ...Spec, Labels: { [LABEL]: text } });
}

interface Ledger {
  readonly format: number;
  readonly digestKey: string;
  readonly services: Readonly<Record<string, { readonly rollout?: object }>>;
  readonly secrets: {
    readonly keys: readonly string[];
    readonly revisions: readonly string[];
    readonly digests: readonly string[];
  };
}

/** The ledger that the plugin of the commit c0123f3 left on a Swarm such as this, about the secrets and values of this one. */
function ofFormat1(present: Ledger): string {
  const path = '../../../packages/core/rotation/test/ledgers/format-1-quiet.txt';
  const text = readFileSync(new URL(path, import.meta.url), 'utf8');
  const was = JSON.parse(text) as { readonly digestKey: string; readonly secrets: Record<string, readonly string[]> };
  const { keys, revisions, digests } = present.secrets;
  const here = Object.entries(was.secrets).flatMap(([key, [revision = '', digest = '']], index) => [
    [key, keys[index]],
    [revision, revisions[index]],
    // Its digests were longer.
    [digest, `${digests[index]}${digest.slice(16)}`],
  ]);
  return [[was.digestKey, present.digestKey], ...here].reduce(
    (changed, [from = '', to = '']) => changed.replaceAll(from, to),
    text,
  );
}

beforeAll(async () => {
  [engine, vault, port] = await Promise.all([
    startSwarm({ dir: join(directory.path, 'engine') }),
    startVault({ dir: join(directory.path, 'vault') }),
    freePort(),
  ]);
  await write('db', 'db 1');
  await write('cert', 'cert 1');
  await start();
  for (const name of ['db', 'cert']) {
    await createDriverSecret(engine, {
      ...{ name, driver: DRIVER },
      labels: { vault_path: name, vault_field: 'password' },
    });
  }
  await createService(engine, { name: 'web', replicas: 2, secrets: ['db', 'cert'] });
  await createService(engine, { name: 'worker', replicas: 1, secrets: ['cert'] });
  await reached('web', 'db', 'db 1', 'db 1');
  await reached('worker', 'cert', 'cert 1');
  await passes();
});

afterAll(async () => {
  await plugin?.kill();
  await Promise.all([engine?.stop(), vault?.stop()]);
  await directory.remove();
});

test('an earlier version is upgraded in place: its ledger is kept, and only what changed meanwhile is rolled', async () => {
  await plugin.kill();
  const present = JSON.parse(await ledger()) as Ledger;
  await replaceLedger(ofFormat1(present));
  const before = await tasks();
  await start();
  await passes();
  expect(await tasks()).toEqual(before);

  // Without the ledger nobody would know that the running tasks have the value before.
  await plugin.kill();
  await write('db', 'db 2');
  await start();
  await reached('web', 'db', 'db 2', 'db 2');
  const [, worker] = await tasks();
  expect(worker).toEqual(before[1]);
  await write('cert', 'cert 2');
  await reached('web', 'cert', 'cert 2', 'cert 2');
  await reached('worker', 'cert', 'cert 2');
  await nothingIsOpen();
  expect(JSON.parse(await ledger())).toMatchObject({ format: 5, digestKey: present.digestKey });
  expect(await health()).toMatchObject({ healthy: true, problems: [] });
});

test('a later version’s ledger stops the rotation with a clear message, is left as it is, and secrets are served', async () => {
  const readable = await ledger();
  await replaceLedger(readable.replace('"format":5', '"format":6'));
  const { Version } = await ledgerObject();
  const before = await tasks();
  await write('db', 'db 3');
  await passes();

  const problem = expect.stringMatching(
    /^The ledger is of a later version: .*format 6, .*; update the plugin on this manager/,
  );
  expect(await health()).toMatchObject({ healthy: true, problems: [problem] });
  expect(plugin.logs()).toMatch(/"event":"plugin.warning","message":"a later version of the plugin wrote the ledger/);
  const overview = await (await ask('/api/v1/overview')).json();
  expect(overview).toMatchObject({ problems: [{ code: 'LEDGER_TOO_NEW', message: problem }] });
  const request = await ask('/api/v1/rotate', { method: 'POST', body: '{"service":"web"}' });
  expect(await request.text()).toContain('a later version of the plugin wrote the ledger');
  const doctor = await new Promise<string>((resolve) => {
    const plugin = { PLUGIN_NAME: DRIVER, MONITORING_PORT: String(port), MONITORING_TOKEN: TOKEN };
    const env = { PATH: process.env.PATH, DOCKER_HOST: engine.host, ...plugin };
    execFile(commandLine, ['doctor'], { env }, (_, stdout) => resolve(stdout));
  });
  expect(doctor.replaceAll(/\s+/g, ' ')).toContain('update the plugin on this manager');

  await engine.docker('service', 'scale', '--detach', 'web=3');
  await reached('web', 'db', 'db 2', 'db 2', 'db 3');
  await passes();
  const now = await tasks();
  expect(now[0]).toEqual(expect.arrayContaining(before[0] ?? []));
  expect(now[1]).toEqual(before[1]);
  expect((await ledgerObject()).Version).toEqual(Version);

  await replaceLedger(readable);
  await reached('web', 'db', 'db 3', 'db 3', 'db 3');
  expect((await health()).problems).toEqual([]);
});
