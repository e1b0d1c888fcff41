import { expect, test } from 'vitest';
import { event, eventsAnswer, NOW } from '../testing/documents.ts';
import { scriptedCommands } from '../testing/scripted-commands.ts';

const { ask, plugin } = scriptedCommands();

test('rotations come with the newest first, with their causes', async () => {
  const cause = { secret: 'db', from: '6', to: '7', noticed_by: 'hook', hook: 'audit', noticed_at: NOW };
  plugin().say({
    'GET /api/v1/events': eventsAnswer(
      event(2, { event: 'rollout.completed', service: 'web', cause: [cause], duration_ms: 8_400 }),
      event(1, { event: 'rollout.failed', service: 'api', reason: 'stuck' }),
    ),
  });
  const { stdout, exitCode } = await ask(['events', '--rotations', '--limit', '1000']);
  expect(plugin().asked.at(-1)?.path).toBe('/api/v1/events?level=info&limit=1000&rotations=true');
  const [, first = '', second = ''] = stdout.split('\n');
  expect(first).toMatch(/web +completed +8 s +db 6 → 7, by hook audit/);
  expect(second).toMatch(/api +stuck +- +-/);
  expect(exitCode).toBe(0);
});

test('events come with the newest last', async () => {
  plugin().say({ 'GET /api/v1/events': eventsAnswer(event(2, { level: 'error', event: 'rollout.failed' }), event(1)) });
  const { stdout, exitCode } = await ask(['events', '--limit', '2', '--level', 'warn']);
  expect(plugin().asked.at(-1)?.path).toBe('/api/v1/events?level=warn&limit=2');
  expect(stdout).toMatch(/rollout\.completed: event 1\n.*ERROR rollout\.failed: event 2\n$/);
  expect(exitCode).toBe(0);
});
