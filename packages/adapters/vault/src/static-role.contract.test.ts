import { type Postgres, startPostgres, type TempDirectory, tempDirectory } from '@vault-swarm/lab';
import { probeAll, readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { ProviderInstance, SecretRef } from '@vault-swarm/provider';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { vaultLabelScheme } from './labels.ts';
import { providerOf } from './testing/configured.ts';
import { connectDatabase } from './testing/database.ts';
import { type RealVault, startRealOpenBao, startRealVault } from './testing/real-vault.ts';

describe.for([
  ['Vault', 'VAULT', startRealVault],
  ['OpenBao', 'OPENBAO', startRealOpenBao],
] as const)('static roles of %s', ([, prefix, startServer]) => {
  const kind = prefix === 'VAULT' ? 'vault' : 'openbao';
  let directory: TempDirectory;
  let postgres: Postgres;
  let vault: RealVault;
  let provider: ProviderInstance;

  beforeAll(async () => {
    directory = tempDirectory();
    [vault, postgres] = await Promise.all([startServer(), startPostgres({ dir: directory.path })]);
    await connectDatabase(vault.admin, postgres);
    await postgres.query("CREATE ROLE app LOGIN PASSWORD 'imported'");
    await vault.admin.send('POST', 'database/static-roles/app', {
      db_name: 'app',
      username: 'app',
      rotation_period: '1h',
    });
    await vault.admin.policy('app', 'path "database/static-creds/app" { capabilities = ["read"] }');
    const token = await vault.admin.token('app');
    provider = providerOf({ [`${prefix}_ADDR`]: vault.address, [`${prefix}_TOKEN`]: token });
  });
  afterAll(async () => {
    await provider?.close();
    await vault?.stop();
    await postgres?.stop();
    await directory.remove();
  });

  /** The ref of a secret with this path label. */
  const refTo = (path: string, options: Partial<SecretRef> = {}): SecretRef => {
    const scheme = vaultLabelScheme({ mount: 'secret', kind });
    const { location } = scheme.target({ [`${kind}_path`]: path }, () => 'unused');
    return { provider: kind, location, encoding: 'raw', ...options };
  };
  const ofApp = (field: string) => refTo('database/static-creds/app', { field });
  const failure = (ref: SecretRef) => vaultErrorOf(provider.secrets.read(ref, soon()));
  const login = async () => ({
    user: await readTextOf(provider, ofApp('username')),
    password: await readTextOf(provider, ofApp('password')),
  });

  test('are read as user name and password that log in, until the next rotation', async () => {
    const first = await login();
    expect(await postgres.query('SELECT current_user', first)).toEqual(['app']);
    const { revision, createdAtMs, replacedInMs } = await provider.secrets.read(ofApp('password'), soon());
    expect(await provider.secrets.read(ofApp('username'), soon())).toMatchObject({ revision });
    expect(Math.abs(Date.now() - (createdAtMs ?? 0))).toBeLessThan(10 * 60_000);
    expect(replacedInMs).toBeGreaterThan(50 * 60_000);
    expect(replacedInMs).toBeLessThanOrEqual(3_600_000);

    await vault.admin.send('POST', 'database/rotate-role/app');
    const notBeforeMs = performance.now();
    const next = await provider.secrets.read(ofApp('password'), { ...soon(), notBeforeMs });
    expect(provider.order?.compare(revision, next.revision)).toBeLessThan(0);
    expect(await postgres.accepts(first)).toBe(false);
    expect(await postgres.accepts(await login())).toBe(true);
  });

  test('are delivered whole without their schedule, which changes with each read', async () => {
    const whole = JSON.parse(await readTextOf(provider, refTo('database/static-creds/app', { encoding: 'json' })));
    expect(Object.keys(whole).sort()).toEqual(['last_vault_rotation', 'password', 'username']);
  });

  test('are read for each poll, since nothing else shows a rotation', async () => {
    expect(await probeAll(provider, ofApp('password'))).toEqual([{ kind: 'unsupported' }]);
  });

  test.each([
    [
      'database/static-creds/none',
      {},
      'ACCESS_DENIED',
      'add path "database/static-creds/none" { capabilities = ["read"] }',
    ],
    ['database/static-creds/app', { pin: '3' }, 'INVALID_REF', 'remove the label for the version'],
  ])('%s %o is refused with what to change', async (path, options, code, message) => {
    expect(await failure(refTo(path, options))).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('are the only thing that is read of their engine, whatever the policy allows', async () => {
    await vault.admin.policy('wide', 'path "database/*" { capabilities = ["read", "list"] }');
    const token = await vault.admin.token('wide');
    const wide = providerOf({ [`${prefix}_ADDR`]: vault.address, [`${prefix}_TOKEN`]: token });
    const refusal = (path: string, mount = 'database') =>
      vaultErrorOf(wide.secrets.read({ ...ofApp('password'), location: { mount, path } }, soon()));
    expect(await refusal('static-creds/none')).toMatchObject({
      code: 'NOT_FOUND',
      message: `${kind} database/static-creds/none: there is no such role; create it, or correct the path`,
    });
    expect((await refusal('creds/app')).message).toContain(`add the label ${kind}_lease=service`);
    for (const path of ['config/app', 'static-roles/app', 'static-creds/app/x', 'static-creds', 'roles/app']) {
      expect(await refusal(path), path).toMatchObject({ code: 'INVALID_REF' });
    }
    expect(
      (await probeAll(wide, { ...ofApp('x'), location: { mount: 'database', path: 'config/app' } }))[0]?.kind,
    ).toBe('failed');
    await wide.close();
  });
});
