import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { columnsOf } from './terminal/wrap.ts';
import {
  event,
  eventsAnswer,
  lease,
  leasesAnswer,
  manager,
  NOW,
  overview,
  planAnswer,
  problemEntries,
  rotateAnswer,
  secret,
  secretsAnswer,
  service,
  servicesAnswer,
} from './testing/documents.ts';
import { type RunOptions, run } from './testing/run.ts';
import { problem, type ScriptedPlugin, startScriptedPlugin } from './testing/scripted-plugin.ts';

let plugin: ScriptedPlugin;
beforeAll(async () => {
  plugin = await startScriptedPlugin({});
});
afterAll(() => plugin.close());

const ask = (args: readonly string[], options: RunOptions = {}) =>
  run(args, { ...options, env: { VAULT_SWARM_URL: plugin.url, ...options.env } });

const firstLine = (text: string) => text.split('\n')[0];

test('status starts with the healthy state, and ends with 0', async () => {
  plugin.say({ 'GET /api/v1/overview': overview() });
  const { exitCode, stdout, stderr } = await ask(['status']);
  expect(firstLine(stdout)).toBe('All is well.');
  expect(stdout).toContain('vault-secrets-plugin 1.2.3, leader, up 4 h');
  expect(stdout).toContain('42, 2 errors, 1 in progress, latest 3 min ago');
  expect(stdout).toMatch(/vault +ok +500 +1 +2\.1 ms +12\.5 ms +3 s ago/);
  expect([exitCode, stderr]).toEqual([0, '']);
});

test('status starts with the problems, and ends with 1', async () => {
  plugin.say({
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
  plugin.say({ 'GET /api/v1/overview': overview({ role: 'standby', managers }) });
  const { stdout } = await ask(['status']);
  expect(stdout).toContain('1.2.3, standby (the leader is m2), up 4 h');
  expect(stdout).toMatch(/m1 \(this one\) +standby +running +1\.2\.3 +service +4 h ago/);
  expect(stdout).toMatch(/m2 +leader +missing +- +- +-/);
});

test('status of the only manager lists none', async () => {
  plugin.say({ 'GET /api/v1/overview': overview() });
  expect((await ask(['status'])).stdout).not.toContain('MANAGER');
});

test('status says once that a lockdown is active, and lists warnings about settings, which are no problem', async () => {
  const warnings = [{ code: 'plain-http', variable: 'VAULT_ADDR', message: 'is http://vault: use https' }];
  plugin.say({ 'GET /api/v1/overview': overview({ warnings }) });
  const warned = await ask(['status']);
  expect(firstLine(warned.stdout)).toBe('All is well.');
  expect(warned.stdout).toContain(
    '\n1 warning about settings:\n  1. VAULT_ADDR is http://vault: use https (plain-http)\n',
  );
  expect(warned.exitCode).toBe(0);
  const lockdown = { active: true, since: '2026-03-01T11:57:00.000Z' };
  plugin.say({
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
  plugin.say({ 'GET /api/v1/overview': overview(stopped) });
  const { exitCode, stdout } = await ask(['status']);
  expect(firstLine(stdout)).toBe('Rotation has stopped.');
  expect(stdout).toContain('The latest reconcile pass completed 1 min ago.');
  expect(exitCode).toBe(1);
});

test('--json prints the whole response of the plugin, including fields that this version does not know', async () => {
  plugin.say({ 'GET /api/v1/overview': { ...overview({ problems: problemEntries('p') }), invented_later: [1] } });
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

test('secrets shows problems first, then all secrets', async () => {
  plugin.say({
    'GET /api/v1/secrets': secretsAnswer(
      secret(),
      secret({
        name: 'api_key',
        problem: { code: 'INVALID_REF', message: 'label "vault_feild" = "b" is not known' },
        provider: null,
        ref: null,
        services: [],
      }),
    ),
  });
  const { exitCode, stdout } = await ask(['secrets']);
  expect(stdout).toMatch(
    /^1 secret of 2 with problems:\n {2}api_key: label "vault_feild" = "b" is not known\n\nSECRET/,
  );
  expect(stdout).toMatch(/db_passwo/);
  expect(exitCode).toBe(1);
});

test('secrets asks for a long list in parts, and gives all of it', async () => {
  const part = (name: string, cursor: string | null) => ({
    ...secretsAnswer(secret({ name })),
    total: 3,
    next_cursor: cursor,
  });
  const parts = [part('a', 'Yg'), part('b', 'Yw'), part('c', null)];
  let asked = 0;
  plugin.say({
    'GET /api/v1/secrets': (_request: unknown, response: ServerResponse) =>
      response.end(JSON.stringify(parts[asked++])),
  });
  const { stdout } = await ask(['secrets', '--problems', '--json']);
  const { secrets, next_cursor: cursor } = JSON.parse(stdout);
  expect([secrets.map(({ name }: { name: string }) => name), cursor]).toEqual([['a', 'b', 'c'], null]);
  expect(plugin.asked.slice(-3).map(({ path }) => path)).toEqual([
    '/api/v1/secrets?state=problem',
    '/api/v1/secrets?state=problem&cursor=Yg',
    '/api/v1/secrets?state=problem&cursor=Yw',
  ]);
});

test('plan and rotate say how many services are not listed', async () => {
  plugin.say({
    'GET /api/v1/plan': { ...planAnswer({ name: 'web', tasks: 3 }), omitted: 12 },
    'POST /api/v1/rotate': { ...rotateAnswer(), omitted: 12 },
  });
  expect((await ask(['plan'])).stdout).toContain('12 more services not listed');
  expect((await ask(['rotate', 'db_password', '--yes'])).stdout).toContain('12 more services not listed');
});

test.each(['secrets', 'services'])("%s ends with 1 before the plugin's first poll", async (command) => {
  plugin.say({
    'GET /api/v1/secrets': { ...secretsAnswer(), observed_at: null },
    'GET /api/v1/services': { ...servicesAnswer(), observed_at: null },
  });
  expect(await ask([command])).toMatchObject({ exitCode: 1, stdout: 'Docker has not responded to the plugin yet.\n' });
});

test('a list sends its search to the plugin', async () => {
  plugin.say({ 'GET /api/v1/secrets': secretsAnswer(), 'GET /api/v1/services': servicesAnswer() });
  expect((await ask(['secrets', '--search', 'a&b', '--problems'])).stdout).toBe('Nothing has "a&b" in its name.\n');
  expect(plugin.asked.at(-1)?.path).toBe('/api/v1/secrets?search=a%26b&state=problem');
  expect((await ask(['services', '--rolling'])).exitCode).toBe(0);
  expect(plugin.asked.at(-1)?.path).toBe('/api/v1/services?state=rolling');
});

test('services shows rollouts with how far they are, and what was quarantined with what to do', async () => {
  plugin.say({
    'GET /api/v1/services': servicesAnswer(
      service({
        outdated_tasks: 2,
        rollout: {
          generation: 4,
          secrets: ['db_password'],
          cause: [],
          started_at: '2026-03-01T11:59:30.000Z',
          direction: 'forward',
          state: 'rolling',
          tasks_done: 1,
          tasks_total: 3,
        },
      }),
      service({
        name: 'worker',
        state: {
          code: 'held-back',
          severity: 'warning',
          title: 'Held back',
          message: 'db_password revision 2, provider has 3 (quarantined: exit code 1 after 2 s)',
        },
        quarantined: { secrets: ['db_password'], since: '2026-03-01T11:00:00.000Z', reason: 'task exited with 1' },
      }),
    ),
  });
  const { exitCode, stdout } = await ask(['services'], { columns: 120 });
  expect(firstLine(stdout)).toBe('1 service of 2 with problems:');
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
    'worker: Held back: db_password revision 2, provider has 3 (quarantined: exit code 1 after 2 s)',
  );
  expect(stdout).toMatch(/web +Current +3\/3 +2 +rolling, 1\/3, since 30 s/);
  expect(exitCode).toBe(1);
});

test('plan shows what would be replaced and why it waits, and changes nothing', async () => {
  plugin.say({
    'GET /api/v1/plan': planAnswer(
      { name: 'web', tasks: 3 },
      { name: 'mail', tasks: 1, waiting: 'waits for its own update to end' },
    ),
  });
  const { exitCode, stdout } = await ask(['plan', 'db_password']);
  expect(plugin.asked.at(-1)).toMatchObject({ method: 'GET', path: '/api/v1/plan?secret=db_password' });
  expect(stdout).toContain('2 services, of which 4 tasks would be replaced.');
  expect(stdout).toMatch(/mail +1 +db_password +scheduled +waits for its own update to end/);
  expect(exitCode).toBe(0);
});

test.each([
  [['plan'], '/api/v1/plan'],
  [['plan', '--service', 'web'], '/api/v1/plan?service=web'],
  [['plan', '--quarantined'], '/api/v1/plan?quarantined=true'],
])('%j asks for %s', async (args, path) => {
  plugin.say({ 'GET /api/v1/plan': planAnswer() });
  expect((await ask(args)).stdout).toContain('No service would be rolled');
  expect(plugin.asked.at(-1)?.path).toBe(path);
});

test('plan shows why a service is not updated', async () => {
  plugin.say({ 'GET /api/v1/plan': planAnswer({ name: 'job', tasks: 0, outcome: 'not-applicable' }) });
  const { stdout } = await ask(['plan', '--service', 'job']);
  expect(stdout).toContain('No service would be rolled.');
  expect(stdout).toMatch(/job +0 +db_password +not-applicable/);
});

test('rotate shows the plan and asks, and does nothing without a yes', async () => {
  plugin.say({
    'GET /api/v1/plan': planAnswer({ name: 'web', tasks: 3 }),
    'POST /api/v1/rotate': rotateAnswer('scheduled'),
  });
  const before = plugin.asked.length;
  const refused = await ask(['rotate', 'db_password'], { answers: ['n'] });
  expect(refused.stderr).toContain('1 service, of which 3 tasks would be replaced.');
  expect(refused.stderr).toContain('nothing was changed');
  expect(refused.exitCode).toBe(1);
  expect(plugin.asked.slice(before).map(({ method }) => method)).toEqual(['GET']);

  const agreed = await ask(['rotate', 'db_password'], { answers: ['y'] });
  expect(agreed.stdout).toContain('service_scheduled: is rolled when its turn comes (db_password)');
  expect(agreed.exitCode).toBe(0);
  expect(plugin.asked.at(-1)).toMatchObject({ method: 'POST', body: '{"secret":"db_password"}' });
});

test.each([
  [['--service', 'web'], { service: 'web' }],
  [['--quarantined'], { quarantined: true }],
  [['db'], { secret: 'db' }],
])('rotate %j --yes asks nobody', async (args, body) => {
  plugin.say({ 'POST /api/v1/rotate': rotateAnswer('scheduled', 'up-to-date') });
  expect((await ask(['rotate', ...args, '--yes'])).exitCode).toBe(0);
  expect(JSON.parse(plugin.asked.at(-1)?.body ?? '')).toEqual(body);
});

test.each(['pending', 'not-applicable'] as const)('rotate ends with 1 if a service %s', async (outcome) => {
  plugin.say({ 'POST /api/v1/rotate': rotateAnswer('scheduled', outcome) });
  expect((await ask(['rotate', 'db', '--yes'])).exitCode).toBe(1);
});

test.each([
  [['rotate'], 'nothing is named'],
  [['rotate', 'db'], 'nobody can be asked here'],
  [['rotate', 'db', '--quarantined'], 'more than one argument selects services'],
  [['plan', 'db', '--service', 'web'], 'more than one argument selects services'],
  [['services', '--problems', '--rolling'], 'exclude each other'],
  [['status', '--watch', '--json'], 'has no end'],
  [['events', '--follow', '--json'], 'has no end'],
  [['events', '--follow', '--rotations'], 'shows what ended'],
  [['events', '--follow', '--level', 'debug'], 'no events of level debug'],
  [['events', '--level', 'loud'], 'Allowed choices are error, warn, info, debug'],
  [['status', '--timeout', 'soon'], 'It must be a duration such as 500ms'],
  [['rotate', 'a', 'b'], 'too many arguments'],
  [['stats'], 'Did you mean status?'],
])('%j is wrong use, and says why', async (args, reason) => {
  const before = plugin.asked.length;
  const { exitCode, stdout, stderr } = await ask(args);
  expect(`${stdout}${stderr}`.replaceAll(/\s+/g, ' ')).toContain(reason);
  expect(exitCode).toBe(2);
  expect(plugin.asked.length).toBe(before);
});

test('rotations come with the newest first, with their causes', async () => {
  const cause = { secret: 'db', from: '6', to: '7', noticed_by: 'hook', hook: 'audit', noticed_at: NOW };
  plugin.say({
    'GET /api/v1/events': eventsAnswer(
      event(2, { event: 'rollout.completed', service: 'web', cause: [cause], duration_ms: 8_400 }),
      event(1, { event: 'rollout.failed', service: 'api', reason: 'stuck' }),
    ),
  });
  const { stdout, exitCode } = await ask(['events', '--rotations', '--limit', '1000']);
  expect(plugin.asked.at(-1)?.path).toBe('/api/v1/events?level=info&limit=1000&rotations=true');
  const [, first = '', second = ''] = stdout.split('\n');
  expect(first).toMatch(/web +completed +8 s +db 6 → 7, by hook audit/);
  expect(second).toMatch(/api +stuck +- +-/);
  expect(exitCode).toBe(0);
});

test('events come with the newest last', async () => {
  plugin.say({ 'GET /api/v1/events': eventsAnswer(event(2, { level: 'error', event: 'rollout.failed' }), event(1)) });
  const { stdout, exitCode } = await ask(['events', '--limit', '2', '--level', 'warn']);
  expect(plugin.asked.at(-1)?.path).toBe('/api/v1/events?level=warn&limit=2');
  expect(stdout).toMatch(/rollout\.completed: event 1\n.*ERROR rollout\.failed: event 2\n$/);
  expect(exitCode).toBe(0);
});

test('leases shows each credential with its times, the limit, and no problem if all is well', async () => {
  plugin.say({
    'GET /api/v1/overview': overview(),
    'GET /api/v1/leases': leasesAnswer(
      lease({ ends_at: '2026-03-02T09:00:00.000Z', rolls_at: '2026-03-02T01:00:00.000Z' }),
      lease({ service: 'shop_tls', ref: 'vault pki/issue/web', renewable: false, renewed_at: null, expires_at: null }),
    ),
  });
  const { exitCode, stdout } = await ask(['leases'], { columns: 100 });
  expect(exitCode).toBe(0);
  const lines = stdout.split('\n').map((line) => line.replace(/ {2,}/g, ' | '));
  expect(lines).toEqual([
    'SERVICE | STATE | RENEWED | ENDS IN | ROLLED IN | FROM',
    'shop_web | active | 12 min ago | 21 h | 13 h | vault database/creds/shop',
    'shop_tls | active | never | - | - | vault pki/issue/web',
    '',
    '2 of at most 2,000 credentials (LEASE_MAX).',
    '',
  ]);
  for (const line of (await ask(['leases'], { columns: 80 })).stdout.split('\n'))
    expect(columnsOf(line)).toBeLessThanOrEqual(80);
});

test('leases ends with 1 and says what is wrong with each credential, and what was not issued', async () => {
  const [problem] = problemEntries('A credential that ends is not issued: shop_api: permission denied');
  if (problem === undefined) throw new Error('there is none');
  plugin.say({
    'GET /api/v1/overview': overview({ problems: [{ ...problem, code: 'LEASE_FAILING', services: ['shop_api'] }] }),
    'GET /api/v1/leases': leasesAnswer(
      lease({ state: 'ended', tasks: 1 }),
      lease({
        ends_too_soon: true,
        expires_at: '2026-03-01T12:00:20.000Z',
        problem: { operation: 'renew', message: 'away' },
      }),
      lease({ state: 'unused', tasks: 0, problem: { operation: 'revoke', message: 'sealed' } }),
      lease({ service: 'shop_api', problem: { operation: 'renew', message: 'told already' } }),
      lease({ state: 'unknown', tasks: 2 }),
    ),
  });
  const { exitCode, stdout } = await ask(['leases'], { columns: 120 });
  expect(exitCode).toBe(1);
  for (const text of [
    'shop_api: permission denied',
    'shop_web: the credential of generation 3 has ended, and 1 task still have it',
    'ends in 20 s, sooner than a rollout takes (renew fails: away)',
    'shop_web: revoke fails: sealed',
    '2 tasks have a credential that no account names; a rollout replaces it',
  ])
    expect(stdout).toContain(text);
  expect(stdout).not.toContain('told already');
  const { stdout: json } = await ask(['leases', '--problems', '--search', 'shop', '--json']);
  expect(JSON.parse(json)).toMatchObject({ ok: false, max_leases: 2_000, problems: [{ code: 'LEASE_FAILING' }] });
  expect(plugin.asked.map(({ path }) => path)).toContain('/api/v1/leases?search=shop&state=problem');
});

test.each([80, 60])('nothing is wider than %i columns', async (columns) => {
  const long = 'a_very_long_name_of_something_in_this_swarm_that_nobody_would_choose';
  plugin.say({
    'GET /api/v1/overview': overview({ problems: problemEntries(`${long}: ${'why it is wrong '.repeat(20)}`) }),
    'GET /api/v1/secrets': secretsAnswer(
      secret({ name: long, problem: { code: 'INVALID_REF', message: `label ${long}${long}` } }),
      secret({ ref: long.repeat(3) }),
    ),
    'GET /api/v1/services': servicesAnswer(
      service({ name: long, secrets: [long, long], problem: { code: 'ROTATION_BLOCKED', message: long.repeat(2) } }),
    ),
    'GET /api/v1/plan': planAnswer({ name: long, tasks: 3, waiting: long }),
    'GET /api/v1/events': eventsAnswer(event(1, { message: long.repeat(2) })),
    'GET /api/v1/leases': leasesAnswer(
      lease({ service: long, ref: long.repeat(2), state: 'ended' }),
      lease({ service: long, problem: { operation: 'renew', message: `${long}: ${'no answer '.repeat(20)}` } }),
    ),
    'POST /api/v1/rotate': rotateAnswer('pending', 'not-applicable'),
  });
  const commands = [
    'status',
    'secrets',
    'services',
    'leases',
    'plan',
    'events',
    'rotate --quarantined --yes',
    '--help',
    'rotate --help',
  ];
  for (const command of commands) {
    const { stdout } = await ask(command.split(' '), { columns });
    expect(stdout).not.toBe('');
    for (const line of stdout.split('\n')) expect(columnsOf(line)).toBeLessThanOrEqual(columns);
  }
});

test('names contain no control characters for terminals', async () => {
  const name = 'x\u001b[2J\u009b31m\u202e';
  plugin.say({
    'GET /api/v1/secrets': secretsAnswer(secret({ name, problem: { code: 'INVALID_REF', message: `${name}\r\n` } })),
  });
  for (const args of [['secrets'], ['secrets', '--json']]) {
    const { stdout } = await ask(args);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  }
});

test('there are colours on a terminal only, and not if NO_COLOR is set', async () => {
  plugin.say({ 'GET /api/v1/overview': overview() });
  expect((await ask(['status'])).stdout).not.toContain('\u001b');
  expect((await ask(['status'], { isTerminal: true })).stdout).toContain('\u001b[32mAll is well.');
  expect((await ask(['status'], { isTerminal: true, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b');
  expect((await ask(['status'], { isTerminal: true, env: { TERM: 'dumb' } })).stdout).not.toContain('\u001b');
});

test('lockdown starts one at once, and --release ends it', async () => {
  plugin.say({
    'POST /api/v1/lockdown': { active: true, since: NOW },
  });
  const started = await run(['lockdown', '--url', plugin.url]);
  expect([started.exitCode, plugin.asked.at(-1)?.body]).toEqual([0, '{"active":true}']);
  expect(started.stdout).toContain(`A lockdown is active since ${NOW}`);
  plugin.say({ 'POST /api/v1/lockdown': { active: false, since: null } });
  const ended = await run(['lockdown', '--release', '--json', '--url', plugin.url]);
  expect([ended.exitCode, plugin.asked.at(-1)?.body]).toEqual([0, '{"active":false}']);
  expect(JSON.parse(ended.stdout)).toEqual({ ok: true, active: false, since: null });
  plugin.say({ 'POST /api/v1/lockdown': problem(503, 'this manager is in lockdown, and the others are not yet') });
  const failed = await run(['lockdown', '--url', plugin.url]);
  expect(failed.exitCode).toBe(1);
  expect(failed.stderr).toMatch(/the others are\s+not yet/);
});

const heldBack = service({
  state: {
    code: 'held-back',
    severity: 'warning',
    title: 'Held back',
    message: 'db_password revision 2, provider has 3 (quarantined: exit code 1 after 2 s)',
  },
  task_revisions: [
    {
      secret: 'db_password',
      provider_revision: '3@2026-03-01T10:00:00Z',
      revisions: [{ revision: '2@2026-02-01T10:00:00Z', name: '2', tasks: 3, state: 'held-back' }],
    },
  ],
});

test('service shows one service: its state, problems with what to do, revisions and its events', async () => {
  plugin.say({
    'GET /api/v1/services': servicesAnswer(service({ name: 'web_2' }), heldBack),
    'GET /api/v1/leases': leasesAnswer(lease({ service: 'web' }), lease({ ref: 'vault of another' })),
    'GET /api/v1/overview': overview({ problems: problemEntries('web has the last good value') }),
    'GET /api/v1/events': eventsAnswer(
      event(3, { service: 'web', message: 'rolled back' }),
      event(2, { service: 'other', message: 'of another' }),
    ),
  });
  const { exitCode, stdout } = await ask(['service', 'web'], { columns: 120 });
  expect(firstLine(stdout)).toBe(
    'web: Held back: db_password revision 2, provider has 3 (quarantined: exit code 1 after 2 s)',
  );
  expect(stdout).toContain('Do: Check the provider');
  expect(stdout).toMatch(/db_password +2 +3 +held back +3\n/);
  expect(stdout).toContain('rolled back');
  expect(stdout).toMatch(/web +active +12 min ago +48 min +- +vault database\/creds\/shop\n/);
  expect(stdout).not.toContain('of another');
  expect(exitCode).toBe(1);
});

test('secret shows one secret, and the whole revision', async () => {
  plugin.say({
    'GET /api/v1/secrets': secretsAnswer(secret()),
    'GET /api/v1/overview': overview(),
    'GET /api/v1/events': eventsAnswer(),
  });
  const { exitCode, stdout } = await ask(['secret', 'db_password']);
  expect(firstLine(stdout)).toBe('db_password: Ok');
  expect(stdout).toContain('Revision    3 (3@2026-03-01T10:00:00.123456789Z)');
  expect(exitCode).toBe(0);
});

test.each([
  [['service', 'wbe'], 'Did you mean web?'],
  [['secret', 'db-pasword'], 'Did you mean db_password?'],
  [['rotate', '--service', 'frontend', '--yes'], 'Did you mean shop_frontend?'],
  [['service', 'quite_another'], 'vault-swarm services lists them.'],
])('%j names what was probably meant', async (args, words) => {
  plugin.say({
    'GET /api/v1/services': (_request: unknown, response: ServerResponse) =>
      response.end(JSON.stringify(servicesAnswer(service(), service({ name: 'shop_frontend' })))),
    'GET /api/v1/secrets': secretsAnswer(secret()),
    'GET /api/v1/leases': leasesAnswer(),
    'GET /api/v1/overview': overview(),
    'POST /api/v1/rotate': problem(404, 'There is no such service.'),
  });
  const { exitCode, stderr } = await ask(args);
  expect(stderr.replaceAll(/\s+/g, ' ')).toContain(words);
  expect(exitCode).toBe(1);
});
