import { readTextOf, soon } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import type { ProviderError, ProviderInstance } from '@vault-swarm/provider';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { providerOf, refTo } from './testing/configured.ts';
import { startRealVault } from './testing/real-vault.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(options?: { tls: boolean }) {
  const vault = await startRealVault(options);
  closing.push(() => vault.stop());
  return vault;
}

function provider(variables: Variables): ProviderInstance {
  const made = providerOf(variables);
  closing.push(() => made.close());
  return made;
}

async function failure(instance: ProviderInstance): Promise<ProviderError> {
  return instance.secrets.read(refTo('none'), soon()).then(
    () => Promise.reject(new Error('it was read')),
    (error: ProviderError) => error,
  );
}

describe('a real Vault with TLS', () => {
  test('is trusted by its authority or by VAULT_SKIP_VERIFY of the configuration, and by nothing else', async () => {
    const vault = await start({ tls: true });
    const common = { VAULT_ADDR: vault.address, VAULT_TOKEN: vault.token };
    // An answer of Vault's, so the connection was made.
    expect((await failure(provider({ ...common, VAULT_CACERT: vault.caFile }))).code).toBe('NOT_FOUND');
    expect((await failure(provider({ ...common, VAULT_SKIP_VERIFY: 'true' }))).code).toBe('NOT_FOUND');
    const refused = await failure(provider(common));
    expect(refused.code).toBe('UNAVAILABLE');
    expect(refused.message).toMatch(/has a certificate that is not trusted \([A-Z_]+\); set /);
    // node-vault would take any value of it for true, and turn verification off.
    vi.stubEnv('VAULT_SKIP_VERIFY', 'false');
    expect((await failure(provider({ ...common, VAULT_SKIP_VERIFY: 'false' }))).code).toBe('UNAVAILABLE');
    vi.stubEnv('VAULT_SKIP_VERIFY', 'true');
    expect((await failure(provider(common))).code).toBe('UNAVAILABLE');
  });
});

describe('a real Vault that goes away', () => {
  test('is UNAVAILABLE while it is killed or sealed, and is read again after its restart', async () => {
    const vault = await start();
    const put = () => vault.admin.send('POST', 'secret/data/app', { data: { value: 'here' } });
    await put();
    const instance = provider({ VAULT_ADDR: vault.address, VAULT_TOKEN: vault.token });
    expect(await readTextOf(instance, refTo('app'))).toBe('here');
    await vault.kill();
    expect(await failure(instance)).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    await vault.start();
    await put();
    expect(await readTextOf(instance, refTo('app'))).toBe('here');
    await vault.admin.send('PUT', 'sys/seal');
    expect(await failure(instance)).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('sealed') });
  });
});
