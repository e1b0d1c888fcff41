import { problemCodes } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { columnsOf } from './terminal/wrap.ts';
import { run } from './testing/run.ts';

test.each(problemCodes)('explain %s says what to do without a plugin, also on a narrow terminal', async (code) => {
  const { exitCode, stdout } = await run(['explain', code], { columns: 60 });
  expect(stdout).toContain(`(${code},`);
  expect(stdout).toMatch(/^1\. /m);
  expect(stdout).toMatch(/\nMore:\s+docs\//);
  for (const line of stdout.split('\n')) expect(columnsOf(line)).toBeLessThanOrEqual(60);
  expect(exitCode).toBe(0);
});

test('explain takes a code in any case, and gives it as JSON', async () => {
  const { stdout } = await run(['explain', 'ledger_untrusted', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    code: 'LEDGER_UNTRUSTED',
    severity: 'critical',
    guide: 'docs/guides/ledger-key.md',
  });
});

test('explain names a similar code for one that does not exist', async () => {
  const { exitCode, stderr } = await run(['explain', 'PROVIDER_UNAVAILIBLE']);
  expect(stderr.replaceAll(/\s+/g, ' ')).toContain('Did you mean PROVIDER_UNAVAILABLE?');
  expect(exitCode).toBe(2);
});
