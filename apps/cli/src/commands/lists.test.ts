import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { secret, secretsAnswer, service, servicesAnswer } from '../testing/documents.ts';
import { scriptedCommands } from '../testing/scripted-commands.ts';

const { ask, plugin } = scriptedCommands();

const firstLine = (text: string) => text.split('\n')[0];

test('secrets shows problems first, then all secrets', async () => {
  plugin().say({
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
  plugin().say({
    'GET /api/v1/secrets': (_request: unknown, response: ServerResponse) =>
      response.end(JSON.stringify(parts[asked++])),
  });
  const { stdout } = await ask(['secrets', '--problems', '--json']);
  const { secrets, next_cursor: cursor } = JSON.parse(stdout);
  expect([secrets.map(({ name }: { name: string }) => name), cursor]).toEqual([['a', 'b', 'c'], null]);
  expect(
    plugin()
      .asked.slice(-3)
      .map(({ path }) => path),
  ).toEqual([
    '/api/v1/secrets?state=problem',
    '/api/v1/secrets?state=problem&cursor=Yg',
    '/api/v1/secrets?state=problem&cursor=Yw',
  ]);
});

test.each(['secrets', 'services'])("%s ends with 1 before the plugin's first poll", async (command) => {
  plugin().say({
    'GET /api/v1/secrets': { ...secretsAnswer(), observed_at: null },
    'GET /api/v1/services': { ...servicesAnswer(), observed_at: null },
  });
  expect(await ask([command])).toMatchObject({ exitCode: 1, stdout: 'Docker has not responded to the plugin yet.\n' });
});

test('a list sends its search to the plugin', async () => {
  plugin().say({ 'GET /api/v1/secrets': secretsAnswer(), 'GET /api/v1/services': servicesAnswer() });
  expect((await ask(['secrets', '--search', 'a&b', '--problems'])).stdout).toBe('Nothing has "a&b" in its name.\n');
  expect(plugin().asked.at(-1)?.path).toBe('/api/v1/secrets?search=a%26b&state=problem');
  expect((await ask(['services', '--rolling'])).exitCode).toBe(0);
  expect(plugin().asked.at(-1)?.path).toBe('/api/v1/services?state=rolling');
});

test('services shows rollouts with how far they are, and what was quarantined with what to do', async () => {
  plugin().say({
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
