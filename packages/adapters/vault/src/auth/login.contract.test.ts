import { readTextOf, soon } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import type { ProviderError, ProviderInstance } from '@vault-swarm/provider';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { providerOf, refTo } from '../testing/configured.ts';
import { type RealVault, startRealVault } from '../testing/real-vault.ts';
import type { VaultAdmin } from '../testing/vault-admin.ts';

const PATHS = Array.from({ length: 100 }, (_, index) => `app-${index}`);

let vault: RealVault;
let admin: VaultAdmin;
let role: { roleId: string; secretId: string };
const open: ProviderInstance[] = [];

beforeAll(async () => {
  vault = await startRealVault();
  ({ admin } = vault);
  await admin.send('POST', 'sys/auth/approle', { type: 'approle' });
  await admin.policy('app', 'path "secret/*" { capabilities = ["read"] }');
  for (const path of PATHS) await admin.send('POST', `secret/data/${path}`, { data: { value: path } });
});
afterAll(() => vault?.stop());

beforeEach(async () => {
  role = await admin.appRole('app', ['app']);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const instance of open.splice(0)) await instance.close();
  await admin.send('DELETE', 'auth/approle/role/app');
  for (const accessor of await ours()) await admin.send('POST', 'auth/token/revoke-accessor', { accessor });
});

function provider(variables: Variables): ProviderInstance {
  const made = providerOf({ VAULT_ADDR: vault.address, ...variables });
  open.push(made);
  return made;
}

function byAppRole(): ProviderInstance {
  return provider({ VAULT_AUTH_METHOD: 'approle', VAULT_ROLE_ID: role.roleId, VAULT_SECRET_ID: role.secretId });
}

/** The accessors of the live tokens that logins of our role made. */
async function ours(): Promise<readonly string[]> {
  const { keys } = await admin.send('LIST', 'auth/token/accessors');
  const found: string[] = [];
  for (const accessor of keys as string[]) {
    const token = await admin.send('POST', 'auth/token/lookup-accessor', { accessor });
    if (token.path === 'auth/approle/login') found.push(accessor);
  }
  return found;
}

async function revokeOurs(): Promise<void> {
  for (const accessor of await ours()) await admin.send('POST', 'auth/token/revoke-accessor', { accessor });
}

async function codeOf(instance: ProviderInstance): Promise<string> {
  return instance.secrets.read(refTo('app-0'), soon()).then(
    () => 'read',
    (error: ProviderError) => error.code,
  );
}

describe('logins at a real Vault', () => {
  test('by AppRole happen once for a hundred reads, and once more after the token was revoked', async () => {
    const instance = byAppRole();
    const readAll = () => Promise.all(PATHS.map((path) => readTextOf(instance, refTo(path))));
    expect(await readAll()).toEqual(PATHS);
    expect(await ours()).toHaveLength(1);
    await revokeOurs();
    expect(await readAll()).toEqual(PATHS);
    expect(await ours()).toHaveLength(1);
  });

  test('by AppRole are refused with UNAUTHENTICATED if the secret id is wrong or the role is gone', async () => {
    const wrong = provider({ VAULT_AUTH_METHOD: 'approle', VAULT_ROLE_ID: role.roleId, VAULT_SECRET_ID: 'wrong' });
    expect(await codeOf(wrong)).toBe('UNAUTHENTICATED');
    const instance = byAppRole();
    expect(await codeOf(instance)).toBe('read');
    await admin.send('DELETE', 'auth/approle/role/app');
    await revokeOurs();
    expect(await codeOf(instance)).toBe('UNAUTHENTICATED');
  });

  test('by AppRole last: a token of 3 s is renewed while it is used', async () => {
    await admin.send('POST', 'auth/approle/role/app', {
      token_policies: ['app'],
      token_ttl: '3s',
      token_max_ttl: '1h',
    });
    const instance = byAppRole();
    expect(await codeOf(instance)).toBe('read');
    const [accessor = ''] = await ours();
    const renewedAt = async () => {
      expect(await codeOf(instance)).toBe('read');
      return (await admin.send('POST', 'auth/token/lookup-accessor', { accessor })).last_renewal;
    };
    await expect.poll(renewedAt, { timeout: 10_000, interval: 100 }).toBeDefined();
    expect(await ours()).toEqual([accessor]);
  });

  test('by token are dead when it is revoked or never was, whatever the environment of the process says', async () => {
    const token = await admin.token('app');
    vi.stubEnv('VAULT_TOKEN', vault.token);
    vi.stubEnv('VAULT_NAMESPACE', 'other');
    const instance = provider({ VAULT_TOKEN: token });
    expect(await codeOf(instance)).toBe('read');
    await admin.revoke(token);
    expect(await codeOf(instance)).toBe('UNAUTHENTICATED');
    expect(await codeOf(provider({ VAULT_TOKEN: 'hvs.never' }))).toBe('UNAUTHENTICATED');
  });
});
