import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProblemEntry } from '@vault-swarm/http/api';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { overview, problemEntries } from '../testing/documents.ts';
import { run } from '../testing/run.ts';
import { problem, type ScriptedPlugin, startScriptedPlugin } from '../testing/scripted-plugin.ts';
import { VERSION } from '../version.ts';

const directory = mkdtempSync(join(tmpdir(), 'doctor-'));
const DRIVER = `doctor-test-${process.pid}`;
let plugin: ScriptedPlugin;
let engine: Server;
let answers: Record<string, unknown> = {};

beforeAll(async () => {
  plugin = await startScriptedPlugin({});
  engine = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    if (request.method !== 'GET' || answer === undefined) response.statusCode = 500;
    response.end(JSON.stringify(answer ?? { message: 'not in this test' }));
  }).listen(join(directory, 'docker.sock'));
});
afterAll(async () => {
  await plugin.close();
  engine.close();
  rmSync(directory, { recursive: true });
});

/** A plugin whose clock is ours. */
const well = () =>
  overview({
    plugin: { name: DRIVER, version: VERSION, started_at: '2026-03-01T08:00:00.000Z', uptime_seconds: 5 },
  });
const says =
  (document: unknown) =>
  (_: unknown, response: { setHeader(name: string, value: string): void; end(text: string): void }) => {
    response.setHeader('Date', new Date().toUTCString());
    response.end(JSON.stringify(document));
  };

beforeEach(() => {
  plugin.say({ 'GET /api/v1/overview': says(well()) });
  answers = {
    '/info': {
      ServerVersion: '28.5.2',
      // The time of the answer.
      get SystemTime() {
        return new Date().toISOString();
      },
      Swarm: { LocalNodeState: 'active', ControlAvailable: true },
    },
    '/plugins': [
      {
        Id: 'a'.repeat(64),
        Name: `${DRIVER}:latest`,
        Enabled: true,
        Config: { Interface: { Socket: 'plugin.sock', Types: ['docker.secretprovider/1.0'] } },
      },
    ],
    '/secrets': [{ ID: 's1', Spec: { Name: 'db', Labels: { vault_path: 'app' }, Driver: { Name: DRIVER } } }],
    '/services': [],
  };
});

const examine = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
  run(['doctor', ...args], {
    env: { VAULT_SWARM_URL: plugin.url, DOCKER_HOST: `unix://${directory}/docker.sock`, ...env },
  });

async function checksOf(env: Readonly<Record<string, string>> = {}) {
  const { exitCode, stdout } = await examine(['--json'], env);
  const { ok, checks } = JSON.parse(stdout);
  expect(ok).toBe(exitCode === 0);
  return { exitCode, checks: Object.fromEntries(checks.map((check: { name: string }) => [check.name, check])) };
}

test('reports that nothing is wrong, and what it checked', async () => {
  const { exitCode, stdout } = await examine();
  expect(stdout).toMatch(/^No problems\./);
  expect(stdout).toMatch(/engine +well +Docker 28\.5\.2/);
  expect(stdout).toMatch(/clocks +well/);
  expect(stdout).not.toContain('skipped');
  expect(exitCode).toBe(0);
});

test('starts with the problems and what to do, and ends with 1', async () => {
  answers['/secrets'] = [{ ID: 's1', Spec: { Name: 'db', Labels: { vault_pth: 'app' }, Driver: { Name: DRIVER } } }];
  const { exitCode, stdout } = await examine();
  expect(stdout).toMatch(
    /^1 problem, 0 hints:\n\nWRONG labels: db: label "vault_pth" = "app" is not known; (.*\n)+? *Remove the secret, and create it again/,
  );
  expect(exitCode).toBe(1);
});

test('problems of several secrets are shown in the order of their names', async () => {
  answers['/secrets'] = ['c', 'a', 'b'].map((name) => ({
    ID: name,
    Spec: { Name: name, Labels: { vault_pth: 'app' }, Driver: { Name: DRIVER } },
  }));
  const { checks } = await checksOf();
  expect(checks.labels.findings.map(({ message }: { message: string }) => message[0])).toEqual(['a', 'b', 'c']);
});

test('dangerous settings of the plugin are hints: they are named with their code, and the exit code stays 0', async () => {
  const warning = { code: 'plain-http', variable: 'VAULT_ADDR', message: 'sends the token without encryption' };
  plugin.say({ 'GET /api/v1/overview': says({ ...well(), warnings: [warning] }) });
  const { exitCode, checks } = await checksOf();
  expect(checks.settings.findings).toEqual([
    {
      kind: 'hint',
      message: 'VAULT_ADDR: sends the token without encryption',
      fix: 'See plain-http in docs/reference/environment.md.',
    },
  ]);
  expect(exitCode).toBe(0);
});

const entry = (code: ProblemEntry['code'], message: string): ProblemEntry[] =>
  problemEntries(message).map((problem) => ({ ...problem, code, action: 'Do this' }));

test('a missing policy is found by the code of the problem, whatever its message says', async () => {
  const policy = 'path "secret/metadata/app" { capabilities = ["read"] }';
  plugin.say({
    'GET /api/v1/overview': says({
      ...well(),
      problems: [
        ...entry('PROBE_UNAVAILABLE', `secret/app: our policy refuses its metadata; add ${policy}`),
        ...entry('SECRET_ACCESS_DENIED', 'app: denied'),
        ...entry('SECRET_UNDELIVERABLE', `another; add ${policy}`),
      ],
    }),
  });
  const { exitCode, checks } = await checksOf();
  expect(checks.policies.findings).toEqual([
    {
      kind: 'wrong',
      message: `secret/app: our policy refuses its metadata; add ${policy}`,
      fix: 'Do this.',
    },
    {
      kind: 'wrong',
      message: 'app: denied',
      fix: 'Do this.',
    },
  ]);
  expect(checks.plugin.findings).toMatchObject([{ message: `another; add ${policy} (SECRET_UNDELIVERABLE)` }]);
  expect(exitCode).toBe(1);
});

test('a provider that does not answer is reported with what to do', async () => {
  const [vault] = overview().providers;
  const error = { code: 'UNAVAILABLE', message: 'connect ECONNREFUSED' };
  plugin.say({ 'GET /api/v1/overview': says({ ...well(), providers: [{ ...vault, state: 'circuit-open', error }] }) });
  const { checks } = await checksOf();
  expect(checks.providers.findings[0].message).toBe(
    'vault does not respond, and its circuit breaker is open: connect ECONNREFUSED (UNAVAILABLE)',
  );
});

test('clocks that differ are reported by name', async () => {
  plugin.say({ 'GET /api/v1/overview': well() });
  const { checks } = await checksOf();
  expect(checks.clocks.findings[0].message).toMatch(/^the clock of .* ahead of that of the plugin$/);
});

test('if there is no engine, the rest is checked', async () => {
  const { exitCode, checks } = await checksOf({ DOCKER_HOST: `unix://${directory}/none.sock` });
  expect(checks.engine.state).toBe('wrong');
  for (const name of ['swarm', 'socket', 'drivers', 'labels', 'services']) expect(checks[name].state).toBe('skipped');
  expect(checks.plugin.state).toBe('well');
  expect(exitCode).toBe(1);
});

test('if the plugin is not reached, the rest is checked, and the exit code is 3', async () => {
  answers['/secrets'] = [{ ID: 's1', Spec: { Name: 'db', Labels: { file_pth: 'app' }, Driver: { Name: DRIVER } } }];
  const { exitCode, checks } = await checksOf({
    VAULT_SWARM_URL: 'http://127.0.0.1:1',
    PLUGIN_NAME: DRIVER,
    SECRETS_PROVIDER: 'file',
  });
  expect(checks.plugin.findings[0].message).toContain('no process listens');
  expect(checks.labels.findings[0].message).toContain('"file_pth"');
  expect(exitCode).toBe(3);
});

test('labels are checked for the providers that the plugin has, whatever they are called', async () => {
  const [vault] = overview().providers;
  plugin.say({
    'GET /api/v1/overview': says({ ...well(), providers: [{ ...vault, name: 'vault-eu', kind: 'vault' }] }),
  });
  answers['/secrets'] = [
    { ID: 's1', Spec: { Name: 'db', Labels: { vault_pth: 'app', provider: 'vault-eu' }, Driver: { Name: DRIVER } } },
  ];
  const { exitCode, checks } = await checksOf();
  expect(checks.labels.findings[0].message).toContain('"vault_pth"');
  expect(exitCode).toBe(1);
});

test('if a plugin that is not reached has providers of a file, labels are not checked', async () => {
  const { checks } = await checksOf({
    VAULT_SWARM_URL: 'http://127.0.0.1:1',
    PLUGIN_NAME: DRIVER,
    CONFIG_FILE: '/etc/vault-swarm.yaml',
  });
  expect(checks.labels).toMatchObject({ state: 'skipped', summary: expect.stringContaining('CONFIG_FILE') });
});

test('a plugin that refuses the token is found, and is no plugin that was not reached', async () => {
  plugin.say({ 'GET /api/v1/overview': problem(401, 'The token is needed.') });
  const { exitCode, checks } = await checksOf();
  expect(checks.plugin.findings[0].fix).toContain('VAULT_SWARM_TOKEN_FILE');
  expect(exitCode).toBe(1);
});

test('wrong variables are found too', async () => {
  const { exitCode, checks } = await checksOf({ DOCKER_HOST: 'ssh://host', VAULT_SWARM_URL: 'nonsense' });
  expect(checks.engine.findings[0].message).toContain('DOCKER_HOST');
  expect(checks.plugin.findings[0].message).toContain('VAULT_SWARM_URL');
  expect(exitCode).toBe(1);
});

test('names can send nothing to the terminal, and all of it fits', async () => {
  answers['/secrets'] = [
    {
      ID: 's1',
      Spec: { Name: `db\u001b[2J${'x'.repeat(100)}`, Labels: { vault_pth: '\u009b' }, Driver: { Name: DRIVER } },
    },
  ];
  const env = { VAULT_SWARM_URL: plugin.url, DOCKER_HOST: `unix://${directory}/docker.sock` };
  for (const columns of [80, 60]) {
    const { stdout } = await run(['doctor'], { env, columns });
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(columns);
  }
  const { stdout } = await examine();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});
