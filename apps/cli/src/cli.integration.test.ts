import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createDriverSecret,
  createService,
  freePort,
  type OwnEngine,
  type PluginProcess,
  startPlugin,
  startSwarm,
  startVault,
  taskValues,
  tempDirectory,
  type Vault,
  waitFor,
  waitForTaskValues,
} from '@vault-swarm/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';

const launcher = fileURLToPath(new URL('../../../bin/vault-swarm', import.meta.url));
const DRIVER = 'cli-test-plugin';
const OTHER = 'cli-test-plugn';
const IN_TIME = 60_000;

const directory = tempDirectory();
let engine: OwnEngine;
let vault: Vault;
let plugin: PluginProcess;
let port: number;

/** Reads values, but no metadata. */
const POLICY = 'path "secret/data/*" { capabilities = ["read"] }';

beforeAll(async () => {
  [engine, vault] = await Promise.all([
    startSwarm({ dir: join(directory.path, 'engine') }),
    startVault({ dir: join(directory.path, 'vault') }),
  ]);
  port = await freePort();
  await start(vault.rootToken);
  await write('p1');
  await createDriverSecret(engine, {
    name: 'db',
    driver: DRIVER,
    labels: { vault_path: 'app', vault_field: 'password', rotate: 'manual' },
  });
  const updateConfig = { order: 'start-first', failureAction: 'rollback' } as const;
  await createService(engine, { name: 'web', replicas: 2, secrets: ['db'], updateConfig });
  await everyTaskHas('p1');
});

afterAll(async () => {
  await plugin?.kill();
  await Promise.all([engine?.stop(), vault?.stop()]);
  await directory.remove();
});

async function start(token: string): Promise<void> {
  plugin = await startPlugin({
    dir: join(directory.path, `plugin-${performance.now()}`),
    env: { ...environment(), VAULT_ADDR: vault.addr, VAULT_TOKEN: token, VAULT_ROTATION_INTERVAL: '500ms' },
  });
  await plugin.waitReady();
}

const environment = () => ({
  LEDGER_KEY: 'a key that all managers have, of 32 characters or more',
  PLUGIN_NAME: DRIVER,
  DOCKER_HOST: engine.host,
  MONITORING_PORT: String(port),
  MONITORING_TOKEN: 'the-token-of-this-test',
});

const write = (password: string) => vault.request('POST', 'secret/data/app', { data: { password } });

const everyTaskHas = (value: string) =>
  waitForTaskValues(engine, { service: 'web', secret: 'db', replicas: 2, value, timeoutMs: IN_TIME });

/** The command line as an operator on this manager runs it. */
function launch(...args: readonly string[]) {
  const child = spawn(launcher, args, { env: { PATH: process.env.PATH ?? '', ...environment() } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([exitCode]) => exitCode as number | null);
  return { child, ended, text: () => stdout, errors: () => stderr };
}

async function cli(...args: readonly string[]) {
  const { ended, text, errors } = launch(...args);
  const exitCode = await ended;
  return { exitCode, stdout: text(), stderr: errors() };
}

/** Asks again until the answer is this. */
async function waitForCli(args: readonly string[], isIt: (ran: Awaited<ReturnType<typeof cli>>) => boolean) {
  return waitFor(
    async () => {
      const ran = await cli(...args);
      return isIt(ran) && ran;
    },
    { timeoutMs: IN_TIME, what: args.join(' ') },
  );
}

/** What `doctor` found wrong, by check. */
async function diagnose() {
  const { exitCode, stdout, stderr } = await cli('doctor', '--json');
  expect(stderr).toBe('');
  const { checks } = JSON.parse(stdout) as {
    checks: { name: string; state: string; findings: { kind: string; message: string; fix: string }[] }[];
  };
  const found = (name: string) =>
    checks.find((check) => check.name === name)?.findings.map(({ message, fix }) => `${message} -> ${fix}`) ?? [];
  return { exitCode, checks, found };
}

test('status, secrets and services show a healthy Swarm', async () => {
  const status = await waitForCli(['status'], ({ exitCode }) => exitCode === 0);
  expect(status.stdout).toContain(`${DRIVER} 0.`);
  expect(status.stdout).toContain('leader');
  const secrets = await cli('secrets');
  expect(secrets.stdout).toMatch(/db +Ok +vault secret\/app, field +1 /);
  expect(secrets.exitCode).toBe(0);
  const services = await cli('services', '--json');
  expect(JSON.parse(services.stdout)).toMatchObject({ ok: true, services: [{ name: 'web', secrets: ['db'] }] });
});

test('doctor finds nothing wrong', async () => {
  const { exitCode, checks } = await diagnose();
  expect(checks.filter(({ state }) => state !== 'well')).toEqual([]);
  expect(exitCode).toBe(0);
});

test('a manual rotation is planned, made on request, and then done', async () => {
  await write('p2');
  const planned = await waitForCli(['plan', 'db', '--json'], ({ stdout }) => stdout.includes('"tasks":2'));
  expect(JSON.parse(planned.stdout)).toMatchObject({
    ok: true,
    services: [{ name: 'web', secrets: ['db'], tasks: 2 }],
  });
  expect(await taskValues(engine, 'web', 'db')).toEqual(['p1', 'p1']);

  const followed = launch('events', '--follow');
  await waitFor(() => followed.text() !== '', { timeoutMs: IN_TIME, what: 'the events so far' });
  const rotated = await cli('rotate', 'db', '--yes', '--json');
  expect(JSON.parse(rotated.stdout)).toMatchObject({ ok: true, services: [{ name: 'web', outcome: 'scheduled' }] });
  await everyTaskHas('p2');

  await waitFor(() => followed.text().includes('rollout.completed'), { timeoutMs: IN_TIME, what: 'the end, followed' });
  followed.child.kill('SIGINT');
  expect(await followed.ended).toBe(0);
  const events = await cli('events');
  expect(events.stdout).toContain('rollout.completed');
  expect(events.stdout + followed.text() + planned.stdout + rotated.stdout).not.toMatch(/\bp[12]\b/);
});

test('labels are checked before a secret is created: what would be read, the fields, and mistakes; never a value', async () => {
  await vault.request('POST', 'secret/data/unused', { data: { password: 'p-unused', user: 'u-unused' } });
  const good = await cli('check', 'vault_path=unused', 'vault_field=user', '--json');
  expect(JSON.parse(good.stdout)).toMatchObject({
    ok: true,
    secrets: [{ ref: 'vault secret/unused, field user', source: 'read', fields: ['password', 'user'], problem: null }],
  });
  const wrong = await cli('check', 'vault_path=unused', 'vault_field=pasword');
  expect(wrong.stdout).toMatch(/it has\s+password, user/);
  expect(wrong.exitCode).toBe(1);
  const missing = await cli('check', 'vault_path=nowhere', '--json');
  expect(JSON.parse(missing.stdout)).toMatchObject({ ok: false, secrets: [{ problem: { code: 'NOT_FOUND' } }] });
  const outside = await cli('check', 'vault_mount=sys', 'vault_path=seal-status', '--json');
  expect(JSON.parse(outside.stdout)).toMatchObject({ ok: false, secrets: [{ problem: { code: expect.any(String) } }] });
  expect(good.stdout + wrong.stdout + missing.stdout + outside.stdout).not.toMatch(/[pu]-unused/);
});

test('missing objects are reported', async () => {
  const { exitCode, stdout } = await cli('rotate', 'nothing', '--yes', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: 'NOT_FOUND' } });
  expect(exitCode).toBe(1);
});

test('doctor finds typos in labels and driver names, services that a rotation stops, and the missing policy', async () => {
  const other = createServer((_request, response) => response.end('{"Implements":["secretprovider"]}'));
  other.listen(`/run/docker/plugins/${OTHER}.sock`);
  await once(other, 'listening');
  await createDriverSecret(engine, { name: 'misled', driver: OTHER });
  await createDriverSecret(engine, {
    name: 'misspelt',
    driver: DRIVER,
    labels: { vault_path: 'app', vault_feild: 'x' },
  });
  await createDriverSecret(engine, { name: 'overlooked', driver: DRIVER, labels: { 'vault-path': 'app' } });
  await createService(engine, { name: 'single', secrets: ['db'], updateConfig: { failureAction: 'rollback' } });
  await vault.request('PUT', 'sys/policies/acl/few', { policy: POLICY });
  const { body } = await vault.request('POST', 'auth/token/create', { policies: ['few'] });
  await plugin.kill();
  await start((body as { auth: { client_token: string } }).auth.client_token);
  await waitForCli(['status', '--json'], ({ stdout }) => stdout.includes('capabilities'));

  const { exitCode, found } = await diagnose();
  expect(found('drivers')).toEqual([expect.stringContaining(`the driver of misled is ${OTHER}`)]);
  expect(found('labels')).toEqual([
    expect.stringContaining('misspelt: label "vault_feild" = "x" is not known'),
    expect.stringContaining('overlooked: the label "vault-path" is unknown to the plugin; did you mean "vault_path"?'),
  ]);
  expect(found('services')).toEqual([expect.stringContaining('stops the only task of single')]);
  expect(found('policies')).toEqual([
    expect.stringMatching(
      /add path "secret\/metadata\/app" \{ capabilities = \["read"\] \} -> Add the right that the message names/,
    ),
  ]);
  expect(exitCode).toBe(1);
  other.close();
});

test('doctor reports that Vault does not answer', async () => {
  await vault.stop();
  await waitForCli(['status', '--json'], ({ stdout }) => /"state":"(failing|circuit-open)"/.test(stdout));
  const { found } = await diagnose();
  expect(found('providers')).toEqual([expect.stringMatching(/^vault .*UNAVAILABLE.* -> Fix what the message names/)]);
});

test('doctor without the plugin checks the rest, and ends with 3', async () => {
  await plugin.kill('SIGKILL');
  const { exitCode, found } = await diagnose();
  expect(found('plugin')).toEqual([expect.stringContaining('no process listens')]);
  expect(found('socket')).toEqual([expect.stringContaining('the process that created it has exited')]);
  expect(found('drivers')).toHaveLength(1);
  expect(exitCode).toBe(3);
});
