import { expect, test } from 'vitest';
import { columnsOf } from '../terminal/wrap.ts';
import {
  event,
  eventsAnswer,
  lease,
  leasesAnswer,
  overview,
  planAnswer,
  problemEntries,
  rotateAnswer,
  secret,
  secretsAnswer,
  service,
  servicesAnswer,
} from '../testing/documents.ts';
import { scriptedCommands } from '../testing/scripted-commands.ts';

const { ask, plugin } = scriptedCommands();

test.each([80, 60])('nothing is wider than %i columns', async (columns) => {
  const long = 'a_very_long_name_of_something_in_this_swarm_that_nobody_would_choose';
  plugin().say({
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
  plugin().say({
    'GET /api/v1/secrets': secretsAnswer(secret({ name, problem: { code: 'INVALID_REF', message: `${name}\r\n` } })),
  });
  for (const args of [['secrets'], ['secrets', '--json']]) {
    const { stdout } = await ask(args);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  }
});

test('there are colours on a terminal only, and not if NO_COLOR is set', async () => {
  plugin().say({ 'GET /api/v1/overview': overview() });
  expect((await ask(['status'])).stdout).not.toContain('\u001b');
  expect((await ask(['status'], { isTerminal: true })).stdout).toContain('\u001b[32mAll is well.');
  expect((await ask(['status'], { isTerminal: true, env: { NO_COLOR: '1' } })).stdout).not.toContain('\u001b');
  expect((await ask(['status'], { isTerminal: true, env: { TERM: 'dumb' } })).stdout).not.toContain('\u001b');
});
