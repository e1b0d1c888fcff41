import { expect, test } from 'vitest';
import { columnsOf } from '../terminal/wrap.ts';
import { lease, leasesAnswer, overview, problemEntries } from '../testing/documents.ts';
import { scriptedCommands } from '../testing/scripted-commands.ts';

const { ask, plugin } = scriptedCommands();

test('leases shows each credential with its times, the limit, and no problem if all is well', async () => {
  plugin().say({
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
  plugin().say({
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
  expect(plugin().asked.map(({ path }) => path)).toContain('/api/v1/leases?search=shop&state=problem');
});
