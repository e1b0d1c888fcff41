import { expect, test } from 'vitest';
import { manager, overview, problemEntries } from '../testing/documents.ts';
import { scriptedCommands } from '../testing/scripted-commands.ts';

const { ask, plugin } = scriptedCommands();

const firstLine = (text: string) => text.split('\n')[0];

test('status starts with the healthy state, and ends with 0', async () => {
  plugin().say({ 'GET /api/v1/overview': overview() });
  const { exitCode, stdout, stderr } = await ask(['status']);
  expect(firstLine(stdout)).toBe('All is well.');
  expect(stdout).toContain('vault-secrets-plugin 1.2.3, leader, up 4 h');
  expect(stdout).toContain('42, 2 errors, 1 in progress, latest 3 min ago');
  expect(stdout).toMatch(/vault +ok +500 +1 +2\.1 ms +12\.5 ms +3 s ago/);
  expect([exitCode, stderr]).toEqual([0, '']);
});

test('status starts with the problems, and ends with 1', async () => {
  plugin().say({
    'GET /api/v1/overview': overview({
      problems: problemEntries('vault does not answer', 'db_password: no such path'),
    }),
  });
  const { exitCode, stdout } = await ask(['status']);
  expect(stdout).toMatch(/^2 problems\. vault does not answer\.\nAll 8 tasks .*\n {2}1\. vault does not answer /);
  expect(stdout).toContain(
    '  1. vault does not answer (PROVIDER_UNAVAILABLE, since 5 min)\n     Affected: service web\n',
  );
  expect(stdout).toContain('     Do: Check the provider\n  2. db_password: no such path ');
  expect(exitCode).toBe(1);
});

test('status of a standby names the leader, and lists the managers with the plugin of each', async () => {
  const managers = [
    manager('m1', { is_self: true }),
    manager('m2', { role: 'leader', state: 'missing', plugin_version: null, kind: null, started_at: null }),
  ];
  plugin().say({ 'GET /api/v1/overview': overview({ role: 'standby', managers }) });
  const { stdout } = await ask(['status']);
  expect(stdout).toContain('1.2.3, standby (the leader is m2), up 4 h');
  expect(stdout).toMatch(/m1 \(this one\) +standby +running +1\.2\.3 +service +4 h ago/);
  expect(stdout).toMatch(/m2 +leader +missing +- +- +-/);
});

test('status of the only manager lists none', async () => {
  plugin().say({ 'GET /api/v1/overview': overview() });
  expect((await ask(['status'])).stdout).not.toContain('MANAGER');
});

test('status says once that a lockdown is active, and lists warnings about settings, which are no problem', async () => {
  const warnings = [{ code: 'plain-http', variable: 'VAULT_ADDR', message: 'is http://vault: use https' }];
  plugin().say({ 'GET /api/v1/overview': overview({ warnings }) });
  const warned = await ask(['status']);
  expect(firstLine(warned.stdout)).toBe('All is well.');
  expect(warned.stdout).toContain(
    '\n1 warning about settings:\n  1. VAULT_ADDR is http://vault: use https (plain-http)\n',
  );
  expect(warned.exitCode).toBe(0);
  const lockdown = { active: true, since: '2026-03-01T11:57:00.000Z' };
  plugin().say({
    'GET /api/v1/overview': overview({
      lockdown,
      problems: problemEntries('A lockdown is active'),
    }),
  });
  const locked = await ask(['status']);
  expect(locked.stdout).toMatch(/^A lockdown is active/);
  expect(locked.exitCode).toBe(1);
});

test('status of a plugin whose passes no longer end is not healthy', async () => {
  const summary = {
    code: 'stopped',
    severity: 'critical',
    title: 'Rotation has stopped',
    explanation: 'Since then.',
  } as const;
  const stopped = { healthy: false, ticker_healthy: false, heartbeat_at: '2026-03-01T11:59:00.000Z', summary };
  plugin().say({ 'GET /api/v1/overview': overview(stopped) });
  const { exitCode, stdout } = await ask(['status']);
  expect(firstLine(stdout)).toBe('Rotation has stopped.');
  expect(stdout).toContain('The latest reconcile pass completed 1 min ago.');
  expect(exitCode).toBe(1);
});

test('--json prints the whole response of the plugin, including fields that this version does not know', async () => {
  plugin().say({ 'GET /api/v1/overview': { ...overview({ problems: problemEntries('p') }), invented_later: [1] } });
  const { exitCode, stdout } = await ask(['status', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    problems: problemEntries('p'),
    invented_later: [1],
    role: 'leader',
  });
  expect(stdout.trimEnd()).not.toContain('\n');
  expect(exitCode).toBe(1);
});

test.each([
  [
    '--help --json',
    { ok: true, help: expect.stringMatching(/^Usage: vault-swarm \[options\] \[command\]\n.*\nExit codes: /s) },
  ],
  ['status --json --help', { ok: true, help: expect.stringMatching(/^Usage: vault-swarm status \[options\]\n/) }],
  ['--version --json', { ok: true, version: expect.stringMatching(/^\d+\.\d+\.\d+\S*$/) }],
])('%s prints one JSON value too', async (command, document) => {
  const { exitCode, stdout } = await ask(command.split(' '));
  expect(JSON.parse(stdout)).toEqual(document);
  expect(exitCode).toBe(0);
});
