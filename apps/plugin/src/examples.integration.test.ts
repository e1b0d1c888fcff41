// Deploys the stack files of examples/ to a real Swarm, with a test image in the place of theirs, and runs the script.
import { chmod, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  labImage,
  type OwnEngine,
  type PluginProcess,
  promtool,
  startPlugin,
  startSwarm,
  tempDirectory,
} from '@vault-swarm/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startPlainShell } from './testing/operator-shell.ts';

const root = resolve(import.meta.dirname, '../../..');
const directory = tempDirectory();
const examples = join(directory.path, 'examples');
let engine: OwnEngine;
let plugin: PluginProcess;

interface StackFile {
  readonly services: Readonly<Record<string, unknown>>;
  readonly secrets?: Readonly<
    Record<string, { readonly driver?: string; readonly labels?: Readonly<Record<string, string>> }>
  >;
}

beforeAll(async () => {
  engine = await startSwarm({ dir: join(directory.path, 'engine') });
  // Secrets of a driver can be created while it answers. No value of them is asked of Vault here.
  plugin = await startPlugin({
    dir: join(directory.path, 'plugin'),
    env: {
      PLUGIN_NAME: 'vault-secrets-plugin',
      DOCKER_HOST: engine.host,
      SECRETS_PROVIDER: 'file',
      FILE_SECRETS_DIR: directory.path,
      ENABLE_MONITORING: 'false',
    },
  });
  await plugin.waitReady();
  await cp(join(root, 'examples'), examples, { recursive: true });
  await cp(join(root, 'docker'), join(directory.path, 'docker'), {
    recursive: true,
    filter: (path) => !/node_modules|docker\/plugin/.test(path),
  });
  const files = (await readdir(directory.path, { recursive: true })).filter((path) =>
    /(stack|plugin)[^/]*\.yml$/.test(path),
  );
  for (const file of files.filter((path) => /^(examples|docker)\//.test(path))) {
    const path = join(directory.path, file);
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll(/^( *image:).*$/gm, `$1 ${labImage}`));
  }
  const names = ['vault_secret_id', 'vault_swarm_token', 'vault_swarm_ledger_key', 'vault_swarm_view_token'];
  for (const Name of names) await engine.api('POST', '/secrets/create', { Name, Data: btoa('a value') });
  for (const Name of ['vault_ca', 'access_1'])
    await engine.api('POST', '/configs/create', { Name, Data: btoa('a text') });
});

afterAll(async () => {
  await plugin?.kill('SIGKILL');
  await engine?.stop();
  await directory.remove();
});

const base = '../docker/stack.yml';
test.each([
  ['postgresql-leases', 'shop', ['stack.yml']],
  ['traefik-pki', 'edge', ['stack.yml']],
  ['vault-private-ca', 'vault-swarm', [base, 'stack.yml']],
  ['aws', 'vault-swarm', ['plugin.yml']],
  ['aws', 'shop-aws', ['stack.yml']],
  ['team-policy', 'vault-swarm', [base, 'stack.yml']],
  ['prometheus-grafana', 'vault-swarm', [base, 'plugin.yml']],
  ['prometheus-grafana', 'monitoring', ['stack.yml']],
])('%s: the stack %s of %s is deployed, with the labels of its secrets', async (example, name, files) => {
  const paths = files.map((file) =>
    file === base ? join(directory.path, 'docker/stack.yml') : join(examples, example, file),
  );
  const parsed = (await Promise.all(paths.map((path) => readFile(path, 'utf8')))).map(
    (text) => parse(text) as StackFile,
  );
  await engine.deployStack(name, paths, { VAULT_ADDR: 'https://vault.internal:8200', VAULT_ROLE_ID: 'a-role' });

  const filters = encodeURIComponent(JSON.stringify({ label: [`com.docker.stack.namespace=${name}`] }));
  const services = (await engine.api('GET', `/services?filters=${filters}`)) as {
    readonly Spec: { readonly Name: string };
  }[];
  const expected = new Set(parsed.flatMap((file) => Object.keys(file.services)).map((service) => `${name}_${service}`));
  expect(new Set(services.map(({ Spec }) => Spec.Name))).toEqual(expected);
  const secrets = (await engine.api('GET', `/secrets?filters=${filters}`)) as {
    readonly Spec: { readonly Name: string; readonly Labels: object; readonly Driver?: { readonly Name: string } };
  }[];
  for (const [secret, { driver, labels }] of parsed.flatMap((file) => Object.entries(file.secrets ?? {}))) {
    if (driver === undefined) continue;
    const spec = secrets.find(({ Spec }) => Spec.Name === `${name}_${secret}`)?.Spec;
    expect(spec).toMatchObject({ Driver: { Name: driver }, Labels: labels ?? {} });
  }
  // The network of the plugin's stack is used by the monitoring.
  if (name !== 'vault-swarm') await engine.removeStack(name);
});

test("promtool accepts the example's configuration of Prometheus", async () => {
  const prometheus = join(examples, 'prometheus-grafana');
  await cp(join(directory.path, 'docker/monitoring/alerts.yml'), join(prometheus, 'alerts.yml'));
  expect(await promtool(['check', 'config', '--syntax-only', 'prometheus.yml'], { cwd: prometheus })).toMatchObject({
    code: 0,
  });
});

test('the script installs the managed plugin on all managers, and upgrades it', async () => {
  // A manager is reached by ssh. Here the only one is this machine.
  const bin = join(directory.path, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'ssh'), '#!/bin/sh\nshift\nexec sh -c "$*"\n');
  await chmod(join(bin, 'ssh'), 0o755);
  const credentials = join(directory.path, 'credentials');
  await mkdir(credentials);
  const settings = join(directory.path, 'settings.env');
  const lines = [
    '# settings of the test',
    `credentials.source=${credentials}`,
    `docker.source=${engine.socketPath}`,
    'SECRETS_PROVIDER=file',
    'PLUGIN_NAME=installed',
    // Characters that a shell would take for its own.
    "VAULT_ROLE_ID=it's $HOME",
  ];
  await writeFile(settings, `${lines.join('\n')}\n`);
  const shell = await startPlainShell(engine, directory.path, { PLUGIN_NAME: 'installed' });
  const script = `sh examples/managed-plugin/install.sh '${settings}' manager-1`;
  expect(await shell.run(script)).toContain('done: manager-1');
  const state = "docker plugin inspect installed --format '{{.Enabled}} {{json .Settings.Env}}'";
  const first = await shell.run(state);
  expect(first).toMatch(/^true /);
  expect(first).toContain('"SECRETS_PROVIDER=file"');
  expect(first).toContain('"VAULT_ROLE_ID=it\'s $HOME"');

  // The same command upgrades it, with the settings of the file.
  await writeFile(settings, `${lines.join('\n')}\nLOG_LEVEL=debug\n`);
  expect(await shell.run(script)).toContain('done: manager-1');
  expect(await shell.run(state)).toContain('"LOG_LEVEL=debug"');
  await shell.run('docker plugin disable --force installed && docker plugin rm installed');
});
