import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type AwsFake,
  type AzureFake,
  azurePrincipal,
  emptyStore,
  type FakeServer,
  freePort,
  GCP_FAKE_PROJECT,
  type GcpFake,
  infisicalApi,
  labImage,
  type OwnEngine,
  type PluginProcess,
  putText,
  readSecret,
  runningTasks,
  startAwsFake,
  startAzureFake,
  startFakeServer,
  startGcpFake,
  startOpenBao,
  startPlugin,
  startSwarm,
  startVault,
  tempDirectory,
  type Vault,
  waitFor,
} from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const DRIVER = 'providers-test';
const IN_TIME = 60_000;
const REPLICAS = 2;

/**
 * One secret of each provider, in each task of one of the stack's services. Two secrets a service: one that is rolled
 * more than twenty times in a row has to pause.
 */
const namesOf = {
  web: ['of-vault', 'of-openbao'],
  api: ['of-aws', 'of-file'],
  jobs: ['of-azure', 'of-gcp'],
  mail: ['of-http'],
} as const;
const services = ['web', 'api', 'jobs', 'mail'] as const;
const names = Object.values(namesOf).flat();
type Name = (typeof names)[number];

const directory = tempDirectory();
const files = join(directory.path, 'files');
let engine: OwnEngine;
let vault: Vault;
let openbao: Vault;
let aws: AwsFake;
let azure: AzureFake;
let gcp: GcpFake;
let http: FakeServer;
const httpStore = emptyStore('http-token');
let plugin: PluginProcess;
let port: number;
let written = 0;
/** The latest value of each. */
const values = {} as Record<Name, string>;

// Those of Azure and Google have the labels of swarm-external-secrets.
const STACK = `
version: '3.8'
services:
${services
  .map(
    (service) => `
  ${service}:
    image: ${labImage}
    secrets: [${namesOf[service].join(', ')}]
    deploy: { replicas: ${REPLICAS}, update_config: { monitor: 1s, parallelism: 0 } }
`,
  )
  .join('')}
secrets:
  of-vault: { driver: ${DRIVER}, labels: { vault_path: app/db, vault_field: password } }
  of-openbao: { driver: ${DRIVER}, labels: { openbao_path: app/db, openbao_field: password } }
  of-aws: { driver: ${DRIVER}, labels: { aws_secret_name: app/db, aws_field: /users/0/password } }
  of-file: { driver: ${DRIVER}, labels: { file_path: db.json, file_field: password } }
  of-azure: { driver: ${DRIVER}, labels: { azure_secret_name: shop-db, azure_field: password } }
  of-gcp: { driver: ${DRIVER}, labels: { gcp_secret_name: shop-db, gcp_field: password } }
  of-http: { driver: ${DRIVER}, labels: { provider: infisical, http_name: DB_PASSWORD } }
`;

/** An instance of the kind that only CONFIG_FILE configures. */
const CONFIG = (url: string) => `
providers:
  infisical:
    kind: http
    settings:
      url: ${url}
      path: /api/v4/secrets/{name}?projectId=shop&environment=prod
      placeholders: {name: {pattern: '[A-Z_]+'}}
      headers: {Authorization: {before: 'Bearer ', file: ${join(directory.path, 'http-token')}}}
      value: /secret/secretValue
      revision: [/secret/id, /secret/version]
      probe: {path: '/api/v4/secrets/{name}?projectId=shop&environment=prod&viewSecretValue=false'}
`;

/** Gives a secret a new value at its provider. */
async function write(name: Name): Promise<void> {
  written += 1;
  const password = `canary-${name}-${written}`;
  values[name] = password;
  switch (name) {
    case 'of-vault':
      await vault.request('POST', 'secret/data/app/db', { data: { password } });
      break;
    case 'of-openbao':
      await openbao.request('POST', 'secret/data/app/db', { data: { password } });
      break;
    case 'of-aws':
      aws.secrets().write('app/db', { SecretString: JSON.stringify({ users: [{ password }] }) });
      break;
    case 'of-file':
      await writeFile(join(files, '.next'), JSON.stringify({ password }));
      await rename(join(files, '.next'), join(files, 'db.json'));
      break;
    case 'of-azure':
      azure.vault.write('shop-db', JSON.stringify({ password }));
      break;
    case 'of-gcp':
      gcp.secrets.write(`projects/${GCP_FAKE_PROJECT}/secrets/shop-db`, JSON.stringify({ password }));
      break;
    case 'of-http':
      putText(httpStore, 'DB_PASSWORD', password);
      break;
  }
}

/** What the tasks of a service have, by secret. */
async function held(service: keyof typeof namesOf): Promise<readonly Readonly<Record<string, string>>[]> {
  const tasks = await runningTasks(engine, `app_${service}`);
  return Promise.all(
    tasks.map(async ({ containerId }) => {
      const read = async (name: Name) => [name, (await readSecret(engine, containerId, name)).toString()] as const;
      return Object.fromEntries(await Promise.all(namesOf[service].map(read)));
    }),
  );
}

/** Waits until every task has the latest value of each secret. */
async function isUpToDate(): Promise<void> {
  await waitFor(
    async (see) => {
      const tasks = await Promise.all(services.map(held));
      see(tasks);
      return tasks.every(
        (ofService) =>
          ofService.length === REPLICAS &&
          ofService.every((task) => Object.entries(task).every(([name, value]) => values[name as Name] === value)),
      );
    },
    { timeoutMs: IN_TIME, what: 'every task to have the latest values' },
  );
}

async function metrics(): Promise<{ readonly secret_rotations: number }> {
  return (await (await fetch(`http://127.0.0.1:${port}/metrics`)).json()) as { secret_rotations: number };
}

/** Waits until the plugin has counted so many rotations, so that the next one is not started in the middle of one. */
async function counted(total: number): Promise<void> {
  await waitFor(async () => (await metrics()).secret_rotations === total, {
    timeoutMs: IN_TIME,
    what: `${total} rotations to be counted`,
  });
}

/** Stops a server, which then takes requests and answers none; the function it resolves to lets it go on. */
async function stopped({ pid }: Vault): Promise<() => Promise<void>> {
  process.kill(pid, 'SIGSTOP');
  return async () => void process.kill(pid, 'SIGCONT');
}

/** Makes each provider leave requests without an answer, or fail; the function it resolves to ends that. */
const outages: Readonly<Record<Name, () => Promise<() => Promise<void>>>> = {
  'of-vault': () => stopped(vault),
  'of-openbao': () => stopped(openbao),
  async 'of-aws'() {
    const end = aws.disturb({ fault: { kind: 'hang' } });
    return async () => end();
  },
  async 'of-azure'() {
    const end = azure.disturb({ fault: { kind: 'hang' } });
    return async () => end();
  },
  async 'of-gcp'() {
    const end = gcp.disturb({ fault: { kind: 'hang' } });
    return async () => end();
  },
  async 'of-file'() {
    await rename(files, `${files}-away`);
    return () => rename(`${files}-away`, files);
  },
  async 'of-http'() {
    const end = http.disturb({ fault: { kind: 'hang' } });
    return async () => end();
  },
};

beforeAll(async () => {
  await mkdir(files, { recursive: true });
  [engine, vault, openbao, aws, azure, gcp, http, port] = await Promise.all([
    startSwarm({ dir: join(directory.path, 'engine') }),
    startVault({ dir: join(directory.path, 'vault') }),
    startOpenBao({ dir: join(directory.path, 'openbao') }),
    startAwsFake(),
    startAzureFake(),
    startGcpFake(),
    startFakeServer({ answer: infisicalApi(httpStore) }),
    freePort(),
  ]);
  for (const name of names) await write(name);
  const configFile = join(directory.path, 'config.yaml');
  await writeFile(join(directory.path, 'http-token'), httpStore.token, { mode: 0o600 });
  await writeFile(configFile, CONFIG(http.endpoint));
  plugin = await startPlugin({
    dir: join(directory.path, 'plugin'),
    env: {
      PLUGIN_NAME: DRIVER,
      DOCKER_HOST: engine.host,
      SECRETS_PROVIDER: 'vault,openbao,aws,azure,gcp,file',
      VAULT_ADDR: vault.addr,
      VAULT_TOKEN: vault.rootToken,
      OPENBAO_ADDR: openbao.addr,
      OPENBAO_TOKEN: openbao.rootToken,
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'only-for-tests',
      AZURE_VAULT_URL: azure.endpoint,
      AZURE_AUTHORITY_HOST: azure.endpoint,
      AZURE_TENANT_ID: azurePrincipal.tenantId,
      AZURE_CLIENT_ID: azurePrincipal.clientId,
      AZURE_CLIENT_SECRET: azurePrincipal.clientSecret,
      GCP_ENDPOINT: gcp.endpoint,
      GCE_METADATA_HOST: gcp.host,
      FILE_SECRETS_DIR: files,
      CONFIG_FILE: configFile,
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
  const servers = [vault, openbao, aws, azure, gcp, http];
  await Promise.all([engine?.stop(), ...servers.map((server) => server?.stop())]);
  await directory.remove();
});

test.for(names)('a new value %s reaches every task of the stack', async (name) => {
  const { secret_rotations: before } = await metrics();
  await write(name);
  await isUpToDate();
  await counted(before + 1);
});

test.for(names)('while the provider of what is %s does not answer, the others rotate', async (away) => {
  const end = await outages[away]();
  try {
    await Promise.all(names.filter((name) => name !== away).map(write));
    await isUpToDate();
  } finally {
    await end();
  }
  await write(away);
  await isUpToDate();
});

test.for(['aws', 'azure', 'gcp'])(
  'the calls to %s are in the metrics, and what a month of them costs',
  async (name) => {
    const text = await (await fetch(`http://127.0.0.1:${port}/api/metrics`)).text();
    expect(text).toMatch(new RegExp(`requests_total\\{provider="${name}",operation="read",outcome="ok"\\} [1-9]`));
    const [, dollars] = new RegExp(`cost_dollars_per_month\\{provider="${name}"\\} (\\S+)`).exec(text) ?? [];
    expect(Number(dollars)).toBeGreaterThan(0);
  },
);

test('no value and no credential is in the log', () => {
  for (const name of ['aws', 'azure', 'gcp']) expect(plugin.logs()).toContain(`"provider":"${name}"`);
  expect(plugin.logs()).not.toContain(azurePrincipal.clientSecret);
  expect(plugin.logs()).not.toContain('canary-');
});
