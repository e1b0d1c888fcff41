import { expect, test } from 'vitest';
import { planAnswer, rotateAnswer } from '../testing/documents.ts';
import { scriptedCommands } from '../testing/scripted-commands.ts';

const { ask, plugin } = scriptedCommands();

test('plan and rotate say how many services are not listed', async () => {
  plugin().say({
    'GET /api/v1/plan': { ...planAnswer({ name: 'web', tasks: 3 }), omitted: 12 },
    'POST /api/v1/rotate': { ...rotateAnswer(), omitted: 12 },
  });
  expect((await ask(['plan'])).stdout).toContain('12 more services not listed');
  expect((await ask(['rotate', 'db_password', '--yes'])).stdout).toContain('12 more services not listed');
});

test('plan shows what would be replaced and why it waits, and changes nothing', async () => {
  plugin().say({
    'GET /api/v1/plan': planAnswer(
      { name: 'web', tasks: 3 },
      { name: 'mail', tasks: 1, waiting: 'waits for its own update to end' },
    ),
  });
  const { exitCode, stdout } = await ask(['plan', 'db_password']);
  expect(plugin().asked.at(-1)).toMatchObject({ method: 'GET', path: '/api/v1/plan?secret=db_password' });
  expect(stdout).toContain('2 services, of which 4 tasks would be replaced.');
  expect(stdout).toMatch(/mail +1 +db_password +scheduled +waits for its own update to end/);
  expect(exitCode).toBe(0);
});

test.each([
  [['plan'], '/api/v1/plan'],
  [['plan', '--service', 'web'], '/api/v1/plan?service=web'],
  [['plan', '--quarantined'], '/api/v1/plan?quarantined=true'],
])('%j asks for %s', async (args, path) => {
  plugin().say({ 'GET /api/v1/plan': planAnswer() });
  expect((await ask(args)).stdout).toContain('No service would be rolled');
  expect(plugin().asked.at(-1)?.path).toBe(path);
});

test('plan shows why a service is not updated', async () => {
  plugin().say({ 'GET /api/v1/plan': planAnswer({ name: 'job', tasks: 0, outcome: 'not-applicable' }) });
  const { stdout } = await ask(['plan', '--service', 'job']);
  expect(stdout).toContain('No service would be rolled.');
  expect(stdout).toMatch(/job +0 +db_password +not-applicable/);
});

test('rotate shows the plan and asks, and does nothing without a yes', async () => {
  plugin().say({
    'GET /api/v1/plan': planAnswer({ name: 'web', tasks: 3 }),
    'POST /api/v1/rotate': rotateAnswer('scheduled'),
  });
  const before = plugin().asked.length;
  const refused = await ask(['rotate', 'db_password'], { answers: ['n'] });
  expect(refused.stderr).toContain('1 service, of which 3 tasks would be replaced.');
  expect(refused.stderr).toContain('nothing was changed');
  expect(refused.exitCode).toBe(1);
  expect(
    plugin()
      .asked.slice(before)
      .map(({ method }) => method),
  ).toEqual(['GET']);

  const agreed = await ask(['rotate', 'db_password'], { answers: ['y'] });
  expect(agreed.stdout).toContain('service_scheduled: is rolled when its turn comes (db_password)');
  expect(agreed.exitCode).toBe(0);
  expect(plugin().asked.at(-1)).toMatchObject({ method: 'POST', body: '{"secret":"db_password"}' });
});

test.each([
  [['--service', 'web'], { service: 'web' }],
  [['--quarantined'], { quarantined: true }],
  [['db'], { secret: 'db' }],
])('rotate %j --yes asks nobody', async (args, body) => {
  plugin().say({ 'POST /api/v1/rotate': rotateAnswer('scheduled', 'up-to-date') });
  expect((await ask(['rotate', ...args, '--yes'])).exitCode).toBe(0);
  expect(JSON.parse(plugin().asked.at(-1)?.body ?? '')).toEqual(body);
});

test.each(['pending', 'not-applicable'] as const)('rotate ends with 1 if a service %s', async (outcome) => {
  plugin().say({ 'POST /api/v1/rotate': rotateAnswer('scheduled', outcome) });
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
  const before = plugin().asked.length;
  const { exitCode, stdout, stderr } = await ask(args);
  expect(`${stdout}${stderr}`.replaceAll(/\s+/g, ' ')).toContain(reason);
  expect(exitCode).toBe(2);
  expect(plugin().asked.length).toBe(before);
});
