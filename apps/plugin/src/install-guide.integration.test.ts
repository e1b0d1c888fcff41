import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  labImage,
  type OwnEngine,
  readSecret,
  runningTasks,
  startSwarm,
  tempDirectory,
  waitFor,
} from '@vault-swarm/lab';
import { fillIn, openDocument } from '@vault-swarm/lab/documents';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OperatorShell, startOperatorShell } from './testing/operator-shell.ts';

const readme = openDocument('README.md', import.meta.filename);
const install = openDocument('docs/guides/install.md', import.meta.filename);
const rotate = openDocument('docs/guides/rotate.md', import.meta.filename);
const vault = openDocument('docs/guides/vault.md', 'packages/adapters/vault/src/guide.contract.test.ts');
const monitoring = openDocument('docs/monitoring.md', import.meta.filename);
const cli = openDocument('docs/reference/cli.md', import.meta.filename);

const inTime = { timeoutMs: 90_000 };
const directory = tempDirectory();
const credentials = join(directory.path, 'credentials');
let engine: OwnEngine;
let shell: OperatorShell;
let roleId: string;

beforeAll(async () => {
  engine = await startSwarm({ dir: join(directory.path, 'engine') });
  shell = await startOperatorShell(engine, directory.path);
});

afterAll(async () => {
  await shell?.stop();
  await engine?.stop();
  await directory.remove();
});

/** Waits until the one task of a service has a value in its file. */
async function reached(service: string, value: string): Promise<void> {
  await waitFor(
    async (see) => {
      const tasks = await runningTasks(engine, service);
      const held = await Promise.all(tasks.map(({ containerId }) => readSecret(engine, containerId, 'db_password')));
      see(held.map(String));
      return held.length === 1 && held[0]?.toString() === value;
    },
    { ...inTime, what: `a task of ${service} with ${value}` },
  );
}

const write = (password: string) => shell.run(`vault kv put secret/app/db user=app password=${password}`);

/** Commands of a document that make the managed plugin, for this test's Vault and engine. */
const forManaged = (text: string, names: Readonly<Record<string, string>>) =>
  shell.run(fillIn(text, { '/etc/vault-swarm': credentials, ...names }));

const settings = () => `${roleId} docker.source=${engine.socketPath} VAULT_ROTATION_INTERVAL=1s`;
const withoutRegistry = { 'docker service create': 'docker service create --detach --no-resolve-image' };

test('the policy of the guide, an AppRole and the commands of the README make a plugin that serves and rotates', async () => {
  await shell.run(vault.take('The policy', 'sh'));
  await shell.run(`vault auth enable approle
    vault write auth/approle/role/swarm token_policies=swarm token_ttl=1h token_max_ttl=24h`);
  roleId = await shell.run('vault read -field=role_id auth/approle/role/swarm/role-id');
  const secretId = await shell.run('vault write -f -field=secret_id auth/approle/role/swarm/secret-id');
  await mkdir(credentials);
  await writeFile(join(credentials, 'secret-id'), secretId, { mode: 0o600 });
  await writeFile(join(credentials, 'ledger-key'), 'only-for-tests', { mode: 0o600 });
  await write('first');

  await forManaged(readme.take('Use it in a Swarm', 'sh'), {
    // What it leaves was built before the tests.
    'npm run plugin:build ': 'test -f dist/plugin/config.json ',
    'https://vault.example:8200': 'http://127.0.0.1:8200',
    'ROLE_ID=…': `ROLE_ID=${settings()}`,
  });
  await shell.run(fillIn(readme.take('Use it in a Swarm', 'sh'), { ...withoutRegistry, IMAGE: labImage }));
  await reached('web', 'first');
  await write('second');
  await reached('web', 'second');
});

test('a stack file as in the README gets its secret too', async () => {
  const file = join(directory.path, 'shop.yml');
  const services = `version: "3.8"\nservices:\n  web:\n    image: ${labImage}\n    secrets: [db_password]\n`;
  await writeFile(file, services + readme.take('Use it in a Swarm', 'yaml'));
  await engine.deployStack('shop', [file]);
  await reached('shop_web', 'second');
  await engine.removeStack('shop');
});

test('the health check of the guide is answered, settings are shown, and names are completed in bash', async () => {
  const health = await shell.run(monitoring.take('Ask one plugin', 'sh'));
  expect(JSON.parse(health)).toMatchObject({ healthy: true, problems: [] });
  await shell.run(`${cli.take('Completion', 'sh')}complete -p vault-swarm`);
  expect(JSON.parse(await shell.run(cli.take('Doctor', 'sh')))).toContain('VAULT_AUTH_METHOD=approle');
});

test('the managed plugin is upgraded as the guide says, and rotates manually on the command line and by HTTP', async () => {
  await forManaged(install.take('Managed plugin', 'sh'), {
    'https://vault.example:8200': 'http://127.0.0.1:8200',
    'ROLE_ID=…': `ROLE_ID=${settings()}`,
    // The README's are in its place.
    'docker plugin create':
      'docker plugin disable --force vault-secrets-plugin\ndocker plugin rm vault-secrets-plugin\ndocker plugin create',
  });
  const asBefore = `VAULT_ADDR=http://127.0.0.1:8200 VAULT_AUTH_METHOD=approle VAULT_ROLE_ID=${roleId} \
    VAULT_SECRET_ID_FILE=/run/vault-swarm/secret-id LEDGER_KEY_FILE=/run/vault-swarm/ledger-key docker.source=${engine.socketPath} VAULT_ROTATION_INTERVAL=1h`;
  await forManaged(install.take('Managed plugin', 'sh'), { '…': asBefore });
  const ready = 'curl --fail --silent http://127.0.0.1:8080/readyz';
  await waitFor(() => shell.run(ready).then(() => true), { ...inTime, what: 'the upgraded plugin' });

  await write('third');
  await shell.run(fillIn(rotate.take('Rotate manually', 'sh'), { 'swarm rotate': 'swarm rotate --yes' }));
  await reached('web', 'third');
  await write('fourth');
  const answers = await shell.run(rotate.take('Rotate manually', 'sh'));
  expect(answers).toContain(JSON.stringify(JSON.parse(rotate.take('Rotate manually', 'json'))));
  await reached('web', 'fourth');
});

test("the stack of the guide takes over from the managed plugin, is seen on the manager's own port, and is upgraded", async () => {
  const network = "docker network inspect docker_gwbridge --format '{{(index .IPAM.Config 0).Gateway}}'";
  const token = join(directory.path, 'monitoring-token');
  const addr = `http://${(await shell.run(network)).trim()}:8200`;
  const names = { '…': roleId, 'docker stack deploy': 'docker stack deploy --resolve-image never' };
  const deploy = fillIn(install.take('Stack', 'sh'), {
    ...names,
    '/path/of/the/secret-id': join(credentials, 'secret-id'),
    'monitoring-token': token,
    // The managed plugin's.
    '(umask 077; openssl rand -hex 32 > ledger-key)': ':',
    'ledger_key ledger-key': `ledger_key ${join(credentials, 'ledger-key')}`,
    'https://vault.example:8200': addr,
  });
  await shell.run(deploy);
  const served = async () => (await runningTasks(engine, 'vault-swarm_plugin')).length === 1;
  await waitFor(served, { ...inTime, what: "the stack's plugin" });
  await shell.run('docker plugin disable --force vault-secrets-plugin && docker plugin rm vault-secrets-plugin');
  await write('fifth');
  await reached('web', 'fifth');

  await shell.run(fillIn(install.take('Stack', 'sh'), { ...names, 'https://vault.example:8200': addr }));
  const ask = fillIn(install.take('Stack', 'sh'), { 'monitoring-token': token });
  const isWell = async () => (await shell.run(ask)).includes('All is well.');
  await waitFor(isWell, { ...inTime, what: "the stack's monitoring on the manager" });

  await shell.run('docker tag vault-swarm-plugin:0.2.0 vault-swarm-plugin:0.3.0');
  await shell.run(fillIn(install.take('Stack', 'sh'), { 'ADDR=…': `ADDR=${addr}`, ...names }));
  const state =
    "docker service inspect vault-swarm_plugin --format '{{.UpdateStatus.State}} {{.Spec.TaskTemplate.ContainerSpec.Image}}'";
  const upgraded = async (see: (state: string) => void) => {
    const now = await shell.run(state);
    see(now);
    return now === 'completed vault-swarm-plugin:0.3.0\n';
  };
  await waitFor(upgraded, { ...inTime, what: 'the upgraded stack' });
  await write('sixth');
  await reached('web', 'sixth');
});

test('no block that this test is to run is left', () => {
  expect([readme, install, rotate, monitoring, cli].flatMap((document) => document.left())).toEqual([]);
});
