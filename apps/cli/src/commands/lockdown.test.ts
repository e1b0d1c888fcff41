import { expect, test } from 'vitest';
import { NOW } from '../testing/documents.ts';
import { run } from '../testing/run.ts';
import { scriptedCommands } from '../testing/scripted-commands.ts';
import { problem } from '../testing/scripted-plugin.ts';

const { plugin } = scriptedCommands();

test('lockdown starts one at once, and --release ends it', async () => {
  plugin().say({
    'POST /api/v1/lockdown': { active: true, since: NOW },
  });
  const started = await run(['lockdown', '--url', plugin().url]);
  expect([started.exitCode, plugin().asked.at(-1)?.body]).toEqual([0, '{"active":true}']);
  expect(started.stdout).toContain(`A lockdown is active since ${NOW}`);
  plugin().say({ 'POST /api/v1/lockdown': { active: false, since: null } });
  const ended = await run(['lockdown', '--release', '--json', '--url', plugin().url]);
  expect([ended.exitCode, plugin().asked.at(-1)?.body]).toEqual([0, '{"active":false}']);
  expect(JSON.parse(ended.stdout)).toEqual({ ok: true, active: false, since: null });
  plugin().say({ 'POST /api/v1/lockdown': problem(503, 'this manager is in lockdown, and the others are not yet') });
  const failed = await run(['lockdown', '--url', plugin().url]);
  expect(failed.exitCode).toBe(1);
  expect(failed.stderr).toMatch(/the others are\s+not yet/);
});
