import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type AzureFake,
  azurePrincipal,
  freePort,
  GCP_FAKE_PROJECT,
  type GcpFake,
  labImage,
  type OwnEngine,
  type PluginProcess,
  readSecret,
  runningTasks,
  startAzureFake,
  startGcpFake,
  startPlugin,
  startSwarm,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'cloud-providers-test';
const IN_TIME = 60_000;
const REPLICAS = 2;

/** One secret of each provider, both of them in each task of the stack's one service. */
const names = ['of-azure', 'of-gcp'] as const;
type Name = (typeof names)[number];

const directory = tempDirectory();
let engine: OwnEngine;
let azure: AzureFake;
let gcp: GcpFake;
let plugin: PluginProcess;
let port: number;
let written = 0;
/** The latest value of each. */
const values = {} as Record<Name, string>;

// The labels of swarm-external-secrets.
const STACK = `
version: '3.8'
services:
  web:
    image: ${labImage}
    secrets: [${names.join(', ')}]
    deploy: { replicas: ${REPLICAS}, update_config: { monitor: 1s, parallelism: 0 } }
secrets:
  of-azure: { driver: ${DRIVER}, labels: { azure_secret_name: shop-db, azure_field: password } }
  of-gcp: { driver: ${DRIVER}, labels: { gcp_secret_name: shop-db, gcp_field: password } }
`;

/** Gives a secret a new value at its provider. */
function write(name: Name): void {
  written += 1;
  const password = `canary-${name}-${written}`;
  values[name] = password;
  if (name === 'of-azure') azure.vault.write('shop-db', JSON.stringify({ password }));
  else gcp.secrets.write(`projects/${GCP_FAKE_PROJECT}/secrets/shop-db`, JSON.stringify({ password }));
}

/** Waits until every task has the latest value of each secret. */
async function isUpToDate(): Promise<void> {
  await waitFor(
    async (see) => {
      const tasks = await runningTasks(engine, 'app_web');
      const held = await Promise.all(
        tasks.map(({ containerId }) =>
          Promise.all(names.map(async (name) => (await readSecret(engine, containerId, name)).toString())),
        ),
      );
      see(held);
      return held.length === REPLICAS && held.every((task) => names.every((name, at) => task[at] === values[name]));
    },
    { timeoutMs: IN_TIME, what: 'every task to have the latest values' },
  );
}

beforeAll(async () => {
  [engine, azure, gcp, port] = await Promise.all([
    startSwarm({ dir: join(directory.path, 'engine') }),
    startAzureFake(),
    startGcpFake(),
    freePort(),
  ]);
  for (const name of names) write(name);
  plugin = await startPlugin({
    dir: join(directory.path, 'plugin'),
    env: {
      PLUGIN_NAME: DRIVER,
      DOCKER_HOST: engine.host,
      SECRETS_PROVIDER: 'azure,gcp',
      AZURE_VAULT_URL: azure.endpoint,
      AZURE_AUTHORITY_HOST: azure.endpoint,
      AZURE_TENANT_ID: azurePrincipal.tenantId,
      AZURE_CLIENT_ID: azurePrincipal.clientId,
      AZURE_CLIENT_SECRET: azurePrincipal.clientSecret,
      GCP_ENDPOINT: gcp.endpoint,
      GCE_METADATA_HOST: gcp.host,
      VAULT_ROTATION_INTERVAL: '1s',
      MONITORING_PORT: String(port),
      LOG_LEVEL: 'debug',
    },
  });
  await plugin.waitReady();
  const stack = join(directory.path, 'stack.yml');
  await writeFile(stack, STACK);
  await engine.dockerBytes('stack', 'deploy', '--resolve-image', 'never', '--compose-file', stack, 'app');
  await isUpToDate();
});

afterEach(({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(`${plugin.logs().slice(-4_000)}\n`);
});

afterAll(async () => {
  await plugin?.kill('SIGTERM');
  await Promise.all([engine?.stop(), azure?.stop(), gcp?.stop()]);
  await directory.remove();
});

test.for(names)('a new value %s reaches every task of the stack', async (name) => {
  write(name);
  await isUpToDate();
});

test.for(names)('while the provider of what is %s does not answer, the other rotates', async (away) => {
  const end = (away === 'of-azure' ? azure : gcp).disturb({ fault: { kind: 'hang' } });
  try {
    for (const name of names) if (name !== away) write(name);
    await isUpToDate();
  } finally {
    end();
  }
  write(away);
  await isUpToDate();
});

test('the calls to both are in the metrics, and what a month of them costs', async () => {
  const text = await (await fetch(`http://127.0.0.1:${port}/api/metrics`)).text();
  for (const provider of ['azure', 'gcp']) {
    expect(text).toMatch(new RegExp(`requests_total\\{provider="${provider}",operation="read",outcome="ok"\\} [1-9]`));
    const [, dollars] = new RegExp(`cost_dollars_per_month\\{provider="${provider}"\\} (\\S+)`).exec(text) ?? [];
    expect(Number(dollars)).toBeGreaterThan(0);
  }
});

test('no value and no credential is in the log', () => {
  expect(plugin.logs()).toContain('"provider":"azure"');
  expect(plugin.logs()).not.toContain('canary-');
  expect(plugin.logs()).not.toContain(azurePrincipal.clientSecret);
});
