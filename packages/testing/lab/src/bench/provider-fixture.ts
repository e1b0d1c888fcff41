import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { freePort } from '../process/free-port.ts';
import { startAwsFake } from '../servers/aws/fake.ts';
import { azurePrincipal, startAzureFake } from '../servers/azure/fake.ts';
import { type FakeReply, type FakeRequest, jsonReply, startFakeServer } from '../servers/fake-server.ts';
import { GCP_FAKE_PROJECT, startGcpFake } from '../servers/gcp/fake.ts';
import { emptyStore, infisicalApi, putText } from '../servers/http/secret-apis.ts';
import { startOpenBao, type Vault } from '../servers/vault.ts';
import { startVaultProxy, type VaultProxy } from '../servers/vault-proxy.ts';
import type { Bench } from './bench.ts';
import { type BenchSecret, MOUNT } from './catalog.ts';
import type { LabelTemplate } from './label-template.ts';

/** The requests to a provider so far. */
export interface Asked {
  readonly requests: number;
  /** The size of all bodies in both directions; `null` for providers without a network. */
  readonly bytes: number | null;
  /** Requests whose response has values. */
  readonly valueReads: number;
}

/** A provider with secrets, ready for polls. */
export interface ProviderFixture {
  /** The label template of its secrets. */
  readonly labels: LabelTemplate;
  /** More environment variables of the plugin. */
  readonly env: Readonly<Record<string, string>>;
  write(secrets: readonly BenchSecret[]): Promise<void>;
  asked(): Promise<Asked>;
  stop(): Promise<void>;
}

/** All fixtures by name, in the order of the table. */
export const providerFixtures: Readonly<Record<string, (bench: Bench, directory: string) => Promise<ProviderFixture>>> =
  {
    'vault, KV v2': async ({ vault, proxy }) => vaultFixture('vault', vault, proxy, { mount: MOUNT, version: 2 }),
    'vault, KV v1': async ({ vault, proxy }) => {
      const mount = 'kv1';
      await vault.request('POST', `sys/mounts/${mount}`, { type: 'kv', options: { version: '1' } });
      return vaultFixture('vault', vault, proxy, { mount, version: 1 });
    },
    'openbao, KV v2': async (_, directory) => {
      const openbao = await startOpenBao({ dir: directory });
      const proxy = await startVaultProxy(openbao.addr);
      const stand = vaultFixture('openbao', openbao, proxy, { mount: MOUNT, version: 2 });
      return {
        ...stand,
        stop: async () => {
          await proxy.close();
          await openbao.kill();
        },
      };
    },
    'aws, lists allowed': () => awsFixture([]),
    'aws, only batches': () => awsFixture(['ListSecrets', 'DescribeSecret']),
    'aws, only DescribeSecret': () => awsFixture(['ListSecrets', 'BatchGetSecretValue']),
    azure: () => azureFixture(),
    gcp: () => gcpFixture(),
    'http, a version without the value': (_, directory) => infisicalFixture(directory),
    'http, entity tags': (_, directory) => entityTagFixture(directory),
    file: (_, directory) => fileStand(directory),
  };

function vaultFixture(
  kind: 'vault' | 'openbao',
  server: Vault,
  proxy: VaultProxy,
  { mount, version }: { readonly mount: string; readonly version: 1 | 2 },
): ProviderFixture {
  const prefix = kind.toUpperCase();
  return {
    labels: ({ path, field }) => ({ [`${kind}_path`]: path, [`${kind}_field`]: field }),
    env: {
      SECRETS_PROVIDER: kind,
      [`${prefix}_ADDR`]: proxy.addr,
      [`${prefix}_TOKEN`]: server.rootToken,
      [`${prefix}_MOUNT_PATH`]: mount,
    },
    write: async (secrets) => {
      for (const { path, field, value } of secrets) {
        const data = { [field]: value };
        const [where, body] = version === 2 ? [`${mount}/data/${path}`, { data }] : [`${mount}/${path}`, data];
        const { status } = await server.request('POST', where, body);
        if (status >= 300) throw new Error(`${kind} answered the write of ${path} with ${status}`);
      }
    },
    asked: async () => {
      const { requests, bytes, valueReads } = await proxy.counts();
      return { requests, bytes, valueReads };
    },
    stop: async () => {},
  };
}

/** The fake of Secrets Manager, whose responses are as long as those in AWS's documentation. */
async function awsFixture(refused: readonly string[]): Promise<ProviderFixture> {
  const aws = await startAwsFake();
  for (const action of refused) aws.deny(action);
  return {
    labels: ({ path }) => ({ aws_secret_name: path }),
    env: {
      SECRETS_PROVIDER: 'aws',
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'only-for-the-benchmark',
    },
    write: async (secrets) => {
      for (const { path, value } of secrets) aws.secrets().write(path, { SecretString: value });
    },
    asked: async () => {
      const { calls, bytes, byOperation } = aws.counts();
      const valueReads = (byOperation.GetSecretValue ?? 0) + (byOperation.BatchGetSecretValue ?? 0);
      return { requests: calls, bytes, valueReads };
    },
    stop: () => aws.stop(),
  };
}

/** The names of Azure and Google have no slash. */
const flat = (path: string) => path.replaceAll('/', '-');

/** The fake of Key Vault, whose responses are as long as those in Azure's documentation. */
async function azureFixture(): Promise<ProviderFixture> {
  const azure = await startAzureFake();
  return {
    labels: ({ path }) => ({ azure_secret_name: flat(path) }),
    env: {
      SECRETS_PROVIDER: 'azure',
      AZURE_VAULT_URL: azure.endpoint,
      AZURE_AUTHORITY_HOST: azure.endpoint,
      AZURE_TENANT_ID: azurePrincipal.tenantId,
      AZURE_CLIENT_ID: azurePrincipal.clientId,
      AZURE_CLIENT_SECRET: azurePrincipal.clientSecret,
    },
    write: async (secrets) => {
      // Secrets that were written within the last seconds are also read.
      azure.vault.freezeTime(Math.floor(Date.now() / 1000) - 3_600);
      for (const { path, value } of secrets) azure.vault.write(flat(path), value);
    },
    asked: async () => {
      const { calls, bytes, byOperation } = azure.counts();
      return { requests: calls, bytes, valueReads: byOperation.read ?? 0 };
    },
    stop: () => azure.stop(),
  };
}

/** The fake of Secret Manager. Of more than 50 secrets, a poll asks for a part, because of Google's quota. */
async function gcpFixture(): Promise<ProviderFixture> {
  const gcp = await startGcpFake();
  return {
    labels: ({ path }) => ({ gcp_secret_name: flat(path) }),
    env: { SECRETS_PROVIDER: 'gcp', GCP_ENDPOINT: gcp.endpoint, GCE_METADATA_HOST: gcp.host },
    write: async (secrets) => {
      for (const { path, value } of secrets) {
        gcp.secrets.write(`projects/${GCP_FAKE_PROJECT}/secrets/${flat(path)}`, value);
      }
    },
    asked: async () => {
      const { calls, bytes, byOperation } = gcp.counts();
      return { requests: calls, bytes, valueReads: byOperation.access ?? 0 };
    },
    stop: () => gcp.stop(),
  };
}

/** The fake of Infisical, which returns the version of a secret without its value. */
async function infisicalFixture(directory: string): Promise<ProviderFixture> {
  const store = emptyStore('only-for-the-benchmark');
  const tokenFile = join(directory, 'token');
  await writeFile(tokenFile, store.token);
  const path = '/api/v4/secrets/{name}?projectId=shop&environment=prod';
  return httpFixture(directory, {
    answer: infisicalApi(store),
    isValueRead: ({ url }) => url.searchParams.get('viewSecretValue') !== 'false',
    settings: {
      path,
      ...{ value: '/secret/secretValue', revision: ['/secret/id', '/secret/version'] },
      headers: { Authorization: { before: 'Bearer ', file: tokenFile } },
      probe: { path: `${path}&viewSecretValue=false` },
    },
    write: (name, value) => putText(store, name, value),
  });
}

/** An API that answers a read of an unchanged value with 304. */
function entityTagFixture(directory: string): Promise<ProviderFixture> {
  const values = new Map<string, string>();
  return httpFixture(directory, {
    answer: ({ path, headers }) => {
      const value = values.get(path.slice('/v1/'.length));
      const etag = `"${value}"`;
      if (value === undefined) return jsonReply(404, {});
      return headers['if-none-match'] === etag
        ? { status: 304, headers: { etag } }
        : { status: 200, headers: { etag }, body: value };
    },
    isValueRead: (_, { status }) => status === 200,
    settings: { path: '/v1/{name}', revision: 'etag' },
    write: (name, value) => values.set(name, value),
  });
}

async function httpFixture(
  directory: string,
  {
    answer,
    isValueRead,
    settings,
    write,
  }: {
    readonly answer: (request: FakeRequest) => FakeReply;
    readonly isValueRead: (request: FakeRequest, response: FakeReply) => boolean;
    /** More settings of the instance. */
    readonly settings: Readonly<Record<string, unknown>>;
    readonly write: (name: string, value: string) => void;
  },
): Promise<ProviderFixture> {
  let valueReads = 0;
  const api = await startFakeServer({
    answer(request) {
      const reply = answer(request);
      if (isValueRead(request, reply)) valueReads += 1;
      return reply;
    },
  });
  const [file, noSecrets] = [join(directory, 'config.yaml'), join(directory, 'no-secrets')];
  await mkdir(noSecrets);
  const instance = { url: api.endpoint, placeholders: { name: { pattern: '[a-z0-9-]+' } }, ...settings };
  await writeFile(file, JSON.stringify({ providers: { source: { kind: 'http', settings: instance } } }));
  return {
    labels: ({ path }) => ({ provider: 'source', http_name: flat(path) }),
    env: { SECRETS_PROVIDER: 'file', FILE_SECRETS_DIR: noSecrets, CONFIG_FILE: file },
    write: async (secrets) => {
      for (const { path, value } of secrets) write(flat(path), value);
    },
    asked: async () => {
      const { calls, bytes } = api.counts();
      return { requests: calls, bytes, valueReads };
    },
    stop: () => api.stop(),
  };
}

/** Only the plugin reads the files, so its own counters are used. */
async function fileStand(directory: string): Promise<ProviderFixture> {
  const port = await freePort();
  return {
    labels: ({ path }) => ({ file_path: path }),
    env: { SECRETS_PROVIDER: 'file', FILE_SECRETS_DIR: directory, MONITORING_PORT: String(port) },
    write: async (secrets) => {
      for (const { path, value } of secrets) {
        await mkdir(dirname(join(directory, path)), { recursive: true });
        await writeFile(join(directory, path), value);
      }
    },
    asked: async () => {
      const text = await (await fetch(`http://127.0.0.1:${port}/api/metrics`)).text();
      const counted = (operation: string) =>
        Number(
          new RegExp(`requests_total\\{provider="file",operation="${operation}",outcome="ok"\\} (\\d+)`).exec(
            text,
          )?.[1] ?? 0,
        );
      return { requests: counted('probe') + counted('read'), bytes: null, valueReads: counted('read') };
    },
    stop: async () => {},
  };
}
