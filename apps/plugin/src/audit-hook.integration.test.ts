import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rename, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createService, OneManager, tempDirectory, waitFor } from '@vault-swarm/lab';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const program = resolve(import.meta.dirname, '../../../docs/examples/vault-audit-hook/audit-hook.mjs');
const directory = tempDirectory();
const auditFile = join(directory.path, 'audit.log');
let swarm: OneManager;
let sidecar: ReturnType<typeof spawn>;
let output = '';

beforeAll(async () => {
  const [secret, config] = [join(directory.path, 'secret'), join(directory.path, 'config.yaml')];
  await writeFile(secret, `whsec_${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  await writeFile(config, `hooks: [{name: vault-audit, provider: vault, kind: standard, secret_file: ${secret}}]\n`);
  // The next poll comes long after the end of the test.
  const env = { VAULT_ROTATION_INTERVAL: '10m', CONFIG_FILE: config };
  swarm = await OneManager.start({ dir: directory.path, driver: 'audit-hook', env });
  await enableAudit();
  await swarm.startPlugin();
  await swarm.write('db', 'value 1');
  await swarm.createSecret('db');
  await createService(swarm.engine, { name: 'web', replicas: 2, secrets: ['db'] });
  await swarm.reaches('web', 'db', 2, 'value 1');
  sidecar = spawn(process.execPath, [program], {
    env: { AUDIT_FILE: auditFile, HOOK_URL: `${swarm.url}/api/v1/hooks/vault-audit`, HOOK_SECRET_FILE: secret },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  sidecar.stderr?.on('data', (chunk) => {
    output += chunk;
  });
  await waitFor(async () => output.includes('reading'), { timeoutMs: 30_000, what: 'the sidecar' });
});

async function enableAudit() {
  const device = { type: 'file', options: { file_path: auditFile } };
  const enabled = await swarm.vault.request('PUT', 'sys/audit/file', device);
  expect(enabled.status, enabled.text).toBe(204);
}

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') process.stderr.write(`${output}\n${await swarm.describe()}`);
});

afterAll(async () => {
  sidecar?.kill('SIGTERM');
  await swarm?.stop();
  await directory.remove();
});

test('a write to Vault reaches every task through its audit file, long before the next poll', async () => {
  await swarm.write('db', 'value 2');
  await swarm.reaches('web', 'db', 2, 'value 2');
  await swarm.happens('rollout.completed', 'web');
  expect(swarm.logged('rollout.completed', 'web')).toMatchObject([
    { cause: [{ secret: 'db', noticed_by: 'hook', hook: 'vault-audit' }] },
  ]);
});

test('the sidecar continues after log rotation has cut the audit file off', async () => {
  await truncate(auditFile, 0);
  await swarm.write('db', 'value 3');
  await swarm.reaches('web', 'db', 2, 'value 3');
});

test('the sidecar follows an audit file that log rotation renamed, before and after Vault writes to a new one', async () => {
  await rename(auditFile, `${auditFile}.1`);
  await swarm.write('db', 'value 4');
  await swarm.reaches('web', 'db', 2, 'value 4');
  // The small Vault of the tests does not open its files again at SIGHUP. A new device opens a new file too.
  await swarm.vault.request('DELETE', 'sys/audit/file');
  await enableAudit();
  await swarm.write('db', 'value 5');
  await swarm.reaches('web', 'db', 2, 'value 5');
});

test('without the sidecar, Vault works as before', async () => {
  sidecar.kill('SIGKILL');
  await swarm.write('db', 'value 6');
});
