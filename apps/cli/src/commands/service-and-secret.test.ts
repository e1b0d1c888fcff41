import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import {
  event,
  eventsAnswer,
  lease,
  leasesAnswer,
  overview,
  problemEntries,
  secret,
  secretsAnswer,
  service,
  servicesAnswer,
} from '../testing/documents.ts';
import { scriptedCommands } from '../testing/scripted-commands.ts';
import { problem } from '../testing/scripted-plugin.ts';

const { ask, plugin } = scriptedCommands();

const firstLine = (text: string) => text.split('\n')[0];

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
  plugin().say({
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
  plugin().say({
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
  plugin().say({
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
