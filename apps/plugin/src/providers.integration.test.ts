import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type AwsFake,
  emptyStore,
  freePort,
  type HttpApi,
  infisicalApi,
  labImage,
  type OwnEngine,
  type PluginProcess,
  putText,
  readSecret,
  runningTasks,
  startAwsFake,
  startHttpApi,
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

/** One secret of each provider, all of them in each task of the stack's one service. */
const names = ['of-vault', 'of-openbao', 'of-aws', 'of-file', 'of-http'] as const;
type Name = (typeof names)[number];

const directory = tempDirectory();
const files = join(directory.path, 'files');
let engine: OwnEngine;
let vault: Vault;
let openbao: Vault;
let aws: AwsFake;
let http: HttpApi;
const httpStore = emptyStore('http-token');
let plugin: PluginProcess;
let port: number;
let written = 0;
/** The latest value of each. */
const values = {} as Record<Name, string>;

const STACK = `
version: '3.8'
services:
  web:
    image: ${labImage}
    secrets: [${names.join(', ')}]
    deploy: { replicas: ${REPLICAS}, update_config: { monitor: 1s, parallelism: 0 } }
secrets:
  of-vault: { driver: ${DRIVER}, labels: { vault_path: app/db, vault_field: password } }
  of-openbao: { driver: ${DRIVER}, labels: { openbao_path: app/db, openbao_field: password } }
  of-aws: { driver: ${DRIVER}, labels: { aws_secret_name: app/db, aws_field: /users/0/password } }
  of-file: { driver: ${DRIVER}, labels: { file_path: db.json, file_field: password } }
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
    case 'of-http':
      putText(httpStore, 'DB_PASSWORD', password);
      break;
  }
}

/** Waits until every task has the latest value of each secret. */
async function isUpToDate(): Promise<void> {
  await waitFor(
    async (see) => {
      const tasks = await runningTasks(engine, 'app_web');
      const held = await Promise.all(
        tasks.map(async ({ containerId }) =>
          Object.fromEntries(
            await Promise.all(
              names.map(async (name) => [name, (await readSecret(engine, containerId, name)).toString()] as const),
            ),
          ),
        ),
      );
      see(held);
      return held.length === REPLICAS && held.every((task) => names.every((name) => task[name] === values[name]));
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
  async 'of-file'() {
    await rename(files, `${files}-away`);
    return () => rename(`${files}-away`, files);
  },
  async 'of-http'() {
    http.fail('hang');
    return async () => http.fail(null);
  },
};

beforeAll(async () => {
  await mkdir(files, { recursive: true });
  [engine, vault, openbao, aws, http, port] = await Promise.all([
    startSwarm({ dir: join(directory.path, 'engine') }),
    startVault({ dir: join(directory.path, 'vault') }),
    startOpenBao({ dir: join(directory.path, 'openbao') }),
    startAwsFake(),
    startHttpApi(infisicalApi(httpStore)),
    freePort(),
  ]);
  for (const name of names) await write(name);
  const configFile = join(directory.path, 'config.yaml');
  await writeFile(join(directory.path, 'http-token'), httpStore.token, { mode: 0o600 });
  await writeFile(configFile, CONFIG(http.url));
  plugin = await startPlugin({
    dir: join(directory.path, 'plugin'),
    env: {
      PLUGIN_NAME: DRIVER,
      DOCKER_HOST: engine.host,
      SECRETS_PROVIDER: 'vault,openbao,aws,file',
      VAULT_ADDR: vault.addr,
      VAULT_TOKEN: vault.rootToken,
      OPENBAO_ADDR: openbao.addr,
      OPENBAO_TOKEN: openbao.rootToken,
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'only-for-tests',
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
  await Promise.all([engine?.stop(), vault?.stop(), openbao?.stop(), aws?.stop(), http?.stop()]);
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
    // At once: a service that is rolled more than twenty times in a row has to pause.
    await Promise.all(names.filter((name) => name !== away).map(write));
    await isUpToDate();
  } finally {
    await end();
  }
  await write(away);
  await isUpToDate();
});

test('the calls to AWS are in the metrics, and what a month of them costs', async () => {
  const text = await (await fetch(`http://127.0.0.1:${port}/api/metrics`)).text();
  expect(text).toMatch(/provider_requests_total\{provider="aws",operation="read",outcome="ok"\} [1-9]/);
  const [, dollars] = /provider_cost_dollars_per_month\{provider="aws"\} (\S+)/.exec(text) ?? [];
  expect(Number(dollars)).toBeGreaterThan(0);
});

test('no value is in the log', () => {
  expect(plugin.logs()).toContain('"provider":"aws"');
  expect(plugin.logs()).not.toContain('canary-');
});
