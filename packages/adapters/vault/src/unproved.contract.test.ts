import { permissionDenied, startVaultProxy, type VaultProxy } from '@vault-swarm/lab';
import { ShiftedClock } from '@vault-swarm/lab/clocks';
import { probeAll, readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { ProviderInstance, SecretRef } from '@vault-swarm/provider';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { providerOf, refTo } from './testing/configured.ts';
import { type RealVault, startRealOpenBao, startRealVault } from './testing/real-vault.ts';

/** The documented rules, and more than anybody should give. */
const RULES = ['secret', 'team', 'deep', 'plain', 'remade']
  .map((mount) => `path "${mount}/*" { capabilities = ["read"] }`)
  .join('\n');
const MOUNTS = /^sys\/internal\/ui\/mounts/;

describe.for([
  ['Vault', 'VAULT', startRealVault],
  ['OpenBao', 'OPENBAO', startRealOpenBao],
] as const)('what is not proved to be a key-value secret of %s', ([, prefix, startServer]) => {
  let vault: RealVault;
  let proxy: VaultProxy;
  let token: string;
  const open: ProviderInstance[] = [];

  beforeAll(async () => {
    vault = await startServer();
    const { admin } = vault;
    proxy = await startVaultProxy(vault.address);
    await admin.send('POST', 'sys/mounts/team/transit', { type: 'transit' });
    await admin.send('POST', 'team/transit/keys/k', { exportable: true });
    await admin.mount('deep/er/kv', '2');
    await admin.send('POST', 'deep/er/kv/data/a', { data: { value: 'of deep/er/kv' } });
    await admin.mount('plain', '1');
    await admin.send('POST', 'plain/a', { value: 'of plain' });
    await admin.send('POST', 'secret/data/a', { data: { value: 'of secret' } });
    await admin.policy('app', RULES);
    token = await admin.token('app');
  });
  afterEach(async () => {
    await proxy.setFaults();
    for (const instance of open.splice(0)) await instance.close();
  });
  afterAll(async () => {
    await proxy?.close();
    await vault?.stop();
  });

  function provider(settings: Readonly<Record<string, string>> = {}, clock = new ShiftedClock()): ProviderInstance {
    const named = Object.entries(settings).map(([name, value]) => [`${prefix}_${name}`, value] as const);
    const variables = { [`${prefix}_ADDR`]: proxy.addr, [`${prefix}_TOKEN`]: token, ...Object.fromEntries(named) };
    const instance = providerOf(variables, clock);
    open.push(instance);
    return instance;
  }

  const at = (mount: string, path: string, others: Partial<SecretRef> = {}) => refTo(path, { mount, ...others });
  const failure = (instance: ProviderInstance, ref: SecretRef) => vaultErrorOf(instance.secrets.read(ref, soon()));

  test.each([
    ['auth', 'token/lookup-self', 'id'],
    ['auth/token', 'lookup-self', 'id'],
    ['team', 'transit/export/encryption-key/k', 'keys'],
    ['team/transit', 'export/encryption-key/k', 'keys'],
    ['deep', 'er/kv/data/a', 'data'],
    ['deep/er', 'kv/data/a', 'data'],
    ['deep/er/kv/data', 'a', 'data'],
    ['secret/data', 'a', 'data'],
    ['secret/metadata', 'a', 'current_version'],
    ['cubbyhole', 'a', 'value'],
    ['identity', 'entity/id', 'id'],
    ['sys', 'internal/ui/mounts', 'secret'],
  ])('is not read, not probed, and not read again: %s, %s', async (mount, path, field) => {
    const instance = provider();
    const ref = at(mount, path, { field });
    const { code, message } = await failure(instance, ref);
    expect(['ACCESS_DENIED', 'INVALID_REF'], message).toContain(code);
    expect((await probeAll(instance, ref))[0]?.kind).toBe('failed');
    const earlier = instance.revisions?.readRevision(ref, '1@2026-01-01T00:00:00Z', soon()) ?? Promise.resolve();
    expect((await vaultErrorOf(earlier)).code).toBe(code);
    // Nothing but the question what is mounted there, and whether our token is alive.
    const { byPath } = await proxy.counts();
    const asked = Object.keys(byPath).filter(
      (path) => !/^GET (sys\/internal\/ui\/mounts|auth\/token\/lookup-self)/.test(path),
    );
    expect(asked).toEqual([]);
    await proxy.reset();
  });

  test('is refused if the server does not show its mounts and no setting names them', async () => {
    await proxy.setFaults({ ...permissionDenied, match: { path: MOUNTS } });
    const { code, message } = await failure(provider(), at('secret', 'a'));
    expect(code).toBe('ACCESS_DENIED');
    expect(message).toContain('path "secret/data/a" { capabilities = ["read"] } for KV v2');
    expect(message).toContain(`name the mount in ${prefix}_KV_MOUNTS (secret=v2)`);
    await proxy.reset();
  });

  test('is read if the operator names its mount and version, and nothing else', async () => {
    await proxy.setFaults({ ...permissionDenied, match: { path: MOUNTS } });
    const instance = provider({ KV_MOUNTS: 'secret=v2, plain=v1' });
    expect(await readTextOf(instance, at('secret', 'a'))).toBe('of secret');
    expect(await readTextOf(instance, at('plain', 'a'))).toBe('of plain');
    expect((await probeAll(instance, at('secret', 'a')))[0]?.kind).toBe('marker');
    expect((await failure(instance, at('team', 'transit/export/encryption-key/k'))).code).toBe('ACCESS_DENIED');
    // Said to be KV v1, it would give the documents of KV v2.
    const wrong = provider({ KV_MOUNTS: 'secret=v1' });
    for (const path of ['data/a', 'metadata/a', 'config']) {
      expect((await failure(wrong, at('secret', path))).code).toBe('INVALID_REF');
    }
  });

  test('is a mount of another version than the operator says', async () => {
    const { code, message } = await failure(provider({ KV_MOUNTS: 'secret=v1' }), at('secret', 'a'));
    expect(code).toBe('INVALID_REF');
    expect(message).toContain(`is KV v2, and ${prefix}_KV_MOUNTS says v1; correct ${prefix}_KV_MOUNTS`);
  });

  test('takes the place of a KV v1 mount only until the mount is asked for again, after 10 s', async () => {
    const { admin } = vault;
    await admin.mount('remade', '1');
    await admin.send('POST', 'remade/app', { value: 'was here' });
    const clock = new ShiftedClock();
    const instance = provider({}, clock);
    expect(await readTextOf(instance, at('remade', 'app'))).toBe('was here');
    await admin.unmount('remade');
    await admin.send('POST', 'sys/mounts/remade/transit', { type: 'transit' });
    await admin.send('POST', 'remade/transit/keys/k', { exportable: true });
    clock.advance(10_001);
    const ref = at('remade', 'transit/export/encryption-key/k', { field: 'keys' });
    expect((await failure(instance, ref)).code).toBe('ACCESS_DENIED');
  });

  test('cannot lie within a key-value mount: the server keeps mounts apart', async () => {
    await expect(vault.admin.send('POST', 'sys/mounts/secret/data/in', { type: 'transit' })).rejects.toThrow('in use');
    await expect(vault.admin.send('POST', 'sys/mounts/team', { type: 'kv' })).rejects.toThrow('in use');
    if (prefix !== 'OPENBAO') return;
    await expect(vault.admin.send('POST', 'sys/namespaces/secret')).rejects.toThrow('conflicts');
    await vault.admin.send('POST', 'sys/namespaces/ns');
    await vault.admin.policy('namespace', 'path "ns/*" { capabilities = ["read"] }');
    const instance = provider({ TOKEN: await vault.admin.token('namespace') });
    for (const [mount, path] of [
      ['ns/auth', 'token/lookup-self'],
      ['ns/auth/token', 'lookup-self'],
      ['ns', 'auth/token/lookup-self'],
      ['ns/cubbyhole', 'a'],
      ['ns/sys', 'mounts'],
    ] as const) {
      const { code, message } = await failure(instance, at(mount, path, { field: 'id' }));
      expect(['ACCESS_DENIED', 'INVALID_REF'], message).toContain(code);
    }
  });
});

test('the answer of another engine in a mount that was KV v1 is refused by what Vault says of it', async () => {
  const vault = await startRealVault();
  try {
    await vault.admin.mount('team', '1');
    await vault.admin.send('POST', 'team/app', { value: 'x' });
    const instance = providerOf({ VAULT_ADDR: vault.address, VAULT_TOKEN: vault.token });
    expect(await readTextOf(instance, refTo('app', { mount: 'team' }))).toBe('x');
    await vault.admin.unmount('team');
    await vault.admin.send('POST', 'sys/mounts/team/transit', { type: 'transit' });
    await vault.admin.send('POST', 'team/transit/keys/k', { exportable: true });
    const ref = refTo('transit/export/encryption-key/k', { mount: 'team', field: 'keys' });
    expect(await vaultErrorOf(instance.secrets.read(ref, soon()))).toMatchObject({
      code: 'INVALID_REF',
      message: expect.stringContaining('the response does not come from a key-value engine'),
    });
    await instance.close();
  } finally {
    await vault.stop();
  }
});
