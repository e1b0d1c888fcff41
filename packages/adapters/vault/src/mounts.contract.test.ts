import { probeAll, readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { ProbeResult, ProviderError, ProviderInstance, SecretRef } from '@vault-swarm/provider';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { vaultLabelScheme } from './labels.ts';
import { providerOf, refTo } from './testing/configured.ts';
import { type RealVault, startRealVault } from './testing/real-vault.ts';
import type { VaultAdmin } from './testing/vault-admin.ts';

let vault: RealVault;
let admin: VaultAdmin;
let provider: ProviderInstance;

beforeAll(async () => {
  vault = await startRealVault();
  ({ admin } = vault);
  await admin.mount('plain', '1');
  provider = providerOf({ VAULT_ADDR: vault.address, VAULT_TOKEN: vault.token });
});
afterAll(async () => {
  await provider?.close();
  await vault?.stop();
});

function failure(ref: SecretRef, instance = provider): Promise<ProviderError> {
  return vaultErrorOf(instance.secrets.read(ref, soon()));
}

async function probe(ref: SecretRef, instance = provider): Promise<ProbeResult | undefined> {
  return (await probeAll(instance, ref))[0];
}

const write = (path: string, value: string) => admin.send('POST', `secret/data/${path}`, { data: { value } });

describe('mounts of a real Vault', () => {
  test.each([
    ['1', '2'],
    ['2', '1'],
  ] as const)('may be made again: KV v%s becomes v%s', async (first, second) => {
    const mount = `remade-${first}`;
    const ref = refTo('app', { mount });
    const put = (version: '1' | '2', value: string) =>
      version === '2'
        ? admin.send('POST', `${mount}/data/app`, { data: { value } })
        : admin.send('POST', `${mount}/app`, { value });
    await admin.mount(mount, first);
    await put(first, 'first');
    expect(await readTextOf(provider, ref)).toBe('first');
    await admin.unmount(mount);
    expect((await failure(ref)).message).toBe(`vault ${mount}/app: nothing is mounted at ${mount}/; correct the mount`);
    await admin.mount(mount, second);
    await put(second, 'second');
    if (first === '2') expect(await probe(ref)).toEqual({ kind: 'unsupported' });
    expect(await readTextOf(provider, ref)).toBe('second');
    expect((await probe(ref))?.kind).toBe(second === '2' ? 'marker' : 'unsupported');
  });

  test('of another engine, and paths inside of a mount, are refused by name', async () => {
    await admin.send('POST', 'sys/mounts/keys', { type: 'transit' });
    await admin.send('POST', 'sys/mounts/codes', { type: 'totp' });
    for (const [mount, kind] of [
      ['keys', 'transit'],
      ['codes', 'totp'],
    ] as const) {
      expect(await failure(refTo('x', { mount }))).toMatchObject({
        code: 'INVALID_REF',
        message: expect.stringContaining(
          `the mount ${mount}/ of vault at ${vault.address} is of the kind ${kind}, and only key-value engines are read`,
        ),
      });
    }
    expect((await failure(refTo('x', { mount: 'secret/inner' }))).message).toContain(
      'the path is in the mount secret/',
    );
  });

  test('of both versions are read by paths with and without the mount, data/ and slashes, as they are meant', async () => {
    await write('labels/db', 'of v2');
    await admin.send('POST', 'plain/labels/db', { value: 'of v1' });
    await admin.send('POST', 'plain/data/labels/db', { value: 'of v1, in data' });
    const readBy = (mount: string, path: string) => {
      const { location } = vaultLabelScheme({ mount }).target({ vault_path: path }, () => 'unused');
      return readTextOf(provider, { provider: 'vault', location, encoding: 'raw' });
    };
    for (const path of ['labels/db', '/labels/db/', 'secret/labels/db', 'data/labels/db', '/secret/data/labels/db']) {
      expect(await readBy('secret', path), path).toBe('of v2');
    }
    expect(await readBy('plain', '/plain/labels/db/')).toBe('of v1');
    for (const path of ['data/labels/db', 'plain/data/labels/db']) {
      expect(await readBy('plain', path), path).toBe('of v1, in data');
    }
  });

  test('can be of two parts', async () => {
    await admin.mount('teams/kv', '2');
    await admin.send('POST', 'teams/kv/data/app', { data: { v: 'deep' } });
    expect(await readTextOf(provider, refTo('app', { mount: 'teams/kv' }))).toBe('deep');
  });
});

describe('policies of a real Vault', () => {
  test('that leave out the metadata cost only the probe, and the problem names what to add', async () => {
    await write('values-only', 'given');
    await admin.policy('values-only', 'path "secret/data/values-only" { capabilities = ["read"] }');
    const token = await admin.token('values-only');
    const limited = providerOf({ VAULT_ADDR: vault.address, VAULT_TOKEN: token });
    expect(await readTextOf(limited, refTo('values-only'))).toBe('given');
    const answer = await probe(refTo('values-only'), limited);
    const problem = answer?.kind === 'unsupported' ? answer.problem : undefined;
    expect(problem).toContain('path "secret/metadata/values-only" { capabilities = ["read"] }');
    // What the problem says is what helps.
    const policy = problem?.slice(problem.indexOf('path "'));
    await admin.policy('values-only', `path "secret/data/values-only" { capabilities = ["read"] }\n${policy}`);
    const helped = providerOf({ VAULT_ADDR: vault.address, VAULT_TOKEN: token });
    expect((await probe(refTo('values-only'), helped))?.kind).toBe('marker');
    await Promise.all([limited.close(), helped.close()]);
  });

  test('that deny a secret or a whole mount are distinguished from an invalid token, and named', async () => {
    await admin.policy('little', 'path "secret/data/little" { capabilities = ["read"] }');
    const limited = providerOf({ VAULT_ADDR: vault.address, VAULT_TOKEN: await admin.token('little') });
    expect(await failure(refTo('other'), limited)).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('add path "secret/data/other" { capabilities = ["read"] }'),
    });
    expect(await failure(refTo('app', { mount: 'plain' }), limited)).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('path "plain/app" { capabilities = ["read"] } for KV v1'),
    });
    await limited.close();
  });

  test('may leave out the default one: a refusal then still is no dead token', async () => {
    await write('bare', 'given');
    await admin.policy('bare', 'path "secret/data/bare" { capabilities = ["read"] }');
    const made = await admin.send('POST', 'auth/token/create', { policies: ['bare'], no_default_policy: true });
    const bare = providerOf({ VAULT_ADDR: vault.address, VAULT_TOKEN: String(made.client_token) });
    expect((await failure(refTo('other'), bare)).code).toBe('ACCESS_DENIED');
    expect(await readTextOf(bare, refTo('bare'))).toBe('given');
    await bare.close();
  });
});
