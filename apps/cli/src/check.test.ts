import type { CheckResult } from '@vault-swarm/http/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { overview } from './testing/documents.ts';
import { type RunOptions, run } from './testing/run.ts';
import { type ScriptedPlugin, startScriptedPlugin } from './testing/scripted-plugin.ts';

const RESULT: CheckResult = {
  ...{ ref: 'vault secret/app/db, field password', provider: 'vault', rotate: 'auto', encoding: 'raw', pinned: false },
  ...{ problem: null, reported_denial: null, source: 'read', revision: '3', revision_name: '3' },
  fields: ['password', 'user'],
};
const DENIED = { code: 'POLICY_DENIED', message: 'the access policy denies service shop_web vault x' } as const;

let plugin: ScriptedPlugin;
beforeAll(async () => {
  plugin = await startScriptedPlugin({});
});
afterAll(() => plugin.close());

const ask = (args: readonly string[], options: RunOptions = {}) =>
  run(['check', ...args], { columns: 200, ...options, env: { VAULT_SWARM_URL: plugin.url, ...options.env } });
const say = (result: Partial<CheckResult> = {}, access: 'full' | 'view' = 'full') =>
  plugin.say({ 'GET /api/v1/overview': overview({ access }), 'POST /api/v1/check': { ...RESULT, ...result } });
const checks = () => plugin.asked.filter(({ path }) => path === '/api/v1/check').map(({ body }) => JSON.parse(body));

test('labels without a problem are shown with what would be read, and end with 0', async () => {
  say();
  const { exitCode, stdout } = await ask(['vault_path=app/db', 'vault_field=a=b', '--service', 'web']);
  expect(stdout.split('\n')[0]).toBe('1 check, no problem.');
  expect(stdout).toContain('vault secret/app/db, field password');
  expect(stdout).toMatch(/Fields +password, user/);
  expect(exitCode).toBe(0);
  expect(checks().at(-1)).toEqual({ labels: { vault_path: 'app/db', vault_field: 'a=b' }, service: 'web' });
});

test('a problem is in the first lines, and ends with 1', async () => {
  say({ problem: DENIED, source: 'not-asked', fields: null, revision: null, revision_name: null });
  const { exitCode, stdout } = await ask([
    'vault_path=x',
    '--secret',
    'db',
    '--service',
    'shop_web',
    '--stack',
    'shop',
  ]);
  expect(stdout).toMatch(/^1 problem in 1 check:\n\ndb for shop_web:\n {2}WRONG +the access policy denies/);
  expect(exitCode).toBe(1);
});

test('a label that the plugin passes over and that resembles one of its own is a problem', async () => {
  say();
  const { exitCode, stdout } = await ask(['vault-path=app/db']);
  expect(stdout).toContain('the label "vault-path" is unknown to the plugin; did you mean "vault_path"?');
  expect(exitCode).toBe(1);
});

test('a client with read access sees that the provider was not asked', async () => {
  say({ source: 'not-asked' }, 'view');
  expect((await ask(['vault_path=app/db'])).stdout).toContain('the provider was not asked');
});

const FILE = `
services: {web: {secrets: [db]}, worker: {secrets: [db]}}
secrets:
  db: {driver: vault-secrets-plugin, labels: {vault_path: app/db}}
  other: {driver: vault-secret-plugin, labels: {vault_path: app/other}}
`;

test('a stack file is checked for each service, and a driver that resembles the plugin is a problem', async () => {
  say();
  const before = checks().length;
  const options = { files: { 'stack.yml': FILE } };
  const { exitCode, stdout } = await ask(['--file', 'stack.yml', '--stack', 'shop'], options);
  expect(stdout).toContain('shop_other: its driver is vault-secret-plugin, and the plugin is vault-secrets-plugin');
  expect(stdout).toContain('shop_db for shop_web:');
  expect(stdout).toContain('shop_db for shop_worker:');
  expect(exitCode).toBe(1);
  expect(checks().slice(before)).toEqual(
    expect.arrayContaining([
      { secret: 'shop_db', labels: { vault_path: 'app/db' }, service: 'shop_web', stack: 'shop' },
      { secret: 'shop_db', labels: { vault_path: 'app/db' }, service: 'shop_worker', stack: 'shop' },
    ]),
  );
});

test.each([
  [[], 'nothing is named'],
  [['app/db'], 'is not LABEL=VALUE'],
  [['a=b', '--file', 'stack.yml'], 'names its secrets and services itself'],
  [['--file', 'none.yml'], 'does not exist'],
  [['--file', 'stack.yml'], 'what the stack is called'],
])('check %j is wrong use: %s', async (args, message) => {
  say();
  const { exitCode, stderr } = await ask(args, { files: { 'stack.yml': FILE } });
  expect(stderr.replaceAll(/\s+/g, ' ')).toContain(message);
  expect(exitCode).toBe(2);
});

test('a file without a secret of this driver says so', async () => {
  say();
  const { exitCode, stderr } = await ask(['--file', 'x.yml', '--stack', 's'], { files: { 'x.yml': 'services: {}' } });
  expect(stderr).toContain('no secret of the file has the driver vault-secrets-plugin');
  expect(exitCode).toBe(1);
});

test('with --json it is one value', async () => {
  say();
  const { stdout } = await ask(['vault_path=app/db', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, secrets: [{ ref: RESULT.ref, fields: ['password', 'user'] }] });
});
