import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  freePort,
  labImage,
  type Moto,
  type OwnEngine,
  type PluginProcess,
  startMoto,
  startPlugin,
  startSwarm,
  startVault,
  tempDirectory,
  type Vault,
  waitFor,
  waitForTaskValues,
} from '@vault-swarm/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';

const DRIVER = 'kms-test';
const REPLICAS = 2;
const directory = tempDirectory();
let engine: OwnEngine;
let vault: Vault;
let moto: Moto;
let key: string;
let plugin: PluginProcess;
let port: number;

// The labels are those of swarm-external-secrets, unchanged.
const STACK = `
version: '3.8'
services:
  web:
    image: ${labImage}
    secrets: [db]
    deploy: { replicas: ${REPLICAS}, update_config: { monitor: 1s, parallelism: 0 } }
secrets:
  db:
    driver: ${DRIVER}
    labels:
      vault_path: app/db
      vault_field: password
      kms_decrypt: "true"
      kms_ciphertext_encoding: base64
      kms_encryption_context: '{"app":"shop"}'
`;

/** Calls KMS as an administrator. */
async function kms(action: string, input: object): Promise<unknown> {
  const response = await fetch(moto.endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `TrentService.${action}`,
      authorization: 'AWS4-HMAC-SHA256 Credential=admin/20260101/eu-west-1/kms/aws4_request',
    },
    body: JSON.stringify(input),
  });
  if (!response.ok) throw new Error(`${action}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function write(plaintext: string): Promise<void> {
  const Plaintext = Buffer.from(plaintext).toString('base64');
  const answer = await kms('Encrypt', { KeyId: key, Plaintext, EncryptionContext: { app: 'shop' } });
  const { CiphertextBlob: password } = answer as { readonly CiphertextBlob: string };
  await vault.request('POST', 'secret/data/app/db', { data: { password } });
}

/** How many calls to KMS the plugin has logged. */
const decryptions = () => plugin.logs().split('"operation":"decrypt"').length - 1;
const holds = (value: string) =>
  waitForTaskValues(engine, { service: 'app_web', secret: 'db', value, replicas: REPLICAS });

async function rotations(): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).json();
  return (metrics as { readonly secret_rotations: number }).secret_rotations;
}

beforeAll(async () => {
  [engine, vault, moto, port] = await Promise.all([
    startSwarm({ dir: join(directory.path, 'engine') }),
    startVault({ dir: join(directory.path, 'vault') }),
    startMoto({ dir: join(directory.path, 'moto') }),
    freePort(),
  ]);
  const created = await kms('CreateKey', {});
  key = (created as { readonly KeyMetadata: { readonly KeyId: string } }).KeyMetadata.KeyId;
  await write('canary-first');
  plugin = await startPlugin({
    dir: join(directory.path, 'plugin'),
    env: {
      PLUGIN_NAME: DRIVER,
      DOCKER_HOST: engine.host,
      VAULT_ADDR: vault.addr,
      VAULT_TOKEN: vault.rootToken,
      VAULT_ROTATION_INTERVAL: '1s',
      CACHE_MAX_AGE: '1s',
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL: moto.endpoint,
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'only-for-tests',
      MONITORING_PORT: String(port),
      LOG_LEVEL: 'debug',
    },
  });
  await plugin.waitReady();
  const stack = join(directory.path, 'stack.yml');
  await writeFile(stack, STACK);
  await engine.dockerBytes('stack', 'deploy', '--resolve-image', 'never', '--compose-file', stack, 'app');
  await holds('canary-first');
});

afterAll(async () => {
  await plugin?.kill('SIGTERM');
  await Promise.all([engine?.stop(), vault?.stop(), moto?.stop()]);
  await directory.remove();
});

test('tasks get the decrypted value, and a new one reaches them', async () => {
  const before = decryptions();
  await write('canary-second');
  await holds('canary-second');
  await waitFor(async () => (await rotations()) === 1, { timeoutMs: 60_000, what: 'the rotation to be counted' });
  // Two tasks, the poll and the precondition of the rollout need one call together.
  expect(decryptions() - before).toBe(1);
});

test('the same value that is encrypted again restarts nothing', async () => {
  const tasks = await holds('canary-second');
  const before = decryptions();
  await write('canary-second');
  await waitFor(async () => decryptions() > before, { timeoutMs: 60_000, what: 'the new ciphertext to be decrypted' });
  await write('canary-third');
  await holds('canary-third');
  await waitFor(async () => (await rotations()) === 2, { timeoutMs: 60_000, what: 'one more rotation' });
  expect(await holds('canary-third')).not.toEqual(tasks);
});

test('the calls to KMS are in the metrics, and no value is in the log', async () => {
  const text = await (await fetch(`http://127.0.0.1:${port}/api/metrics`)).text();
  expect(text).toMatch(/provider_cost_dollars_per_month\{provider="aws-kms"\} [\d.e-]*[1-9]/);
  expect(plugin.logs()).not.toContain('canary-');
});
