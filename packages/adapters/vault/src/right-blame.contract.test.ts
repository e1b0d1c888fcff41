// For each common mistake, the error of a read names the setting to change. All servers are real.
import { readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providerOf, refTo } from './testing/configured.ts';
import { type RealVault, startRealOpenBao, startRealVault } from './testing/real-vault.ts';

async function messageOf(variables: Variables): Promise<string> {
  const instance = providerOf(variables);
  try {
    const { message } = await vaultErrorOf(instance.secrets.read(refTo('app'), soon()));
    return message;
  } finally {
    await instance.close();
  }
}

describe.for([
  ['Vault', 'VAULT', startRealVault],
  ['OpenBao', 'OPENBAO', startRealOpenBao],
] as const)('a mistake in the settings of %s', ([, prefix, startServer]) => {
  let vault: RealVault;
  let port: string;

  beforeAll(async () => {
    vault = await startServer();
    port = new URL(vault.address).port;
    const { admin } = vault;
    for (const type of ['approle', 'jwt', 'userpass']) await admin.send('POST', `sys/auth/${type}`, { type });
    await admin.send('POST', 'auth/approle/role/app', { policies: 'default' });
    await admin.send('POST', 'secret/data/app', { data: { value: 'here' } });
  });
  afterAll(() => vault?.stop());

  const settings = (changes: Readonly<Record<string, string>>): Variables => {
    const given = { ADDR: vault.address, ...changes };
    return Object.fromEntries(Object.entries(given).map(([name, value]) => [`${prefix}_${name}`, value]));
  };
  const token = () => ({ TOKEN: vault.token });
  const approle = { AUTH_METHOD: 'approle', ROLE_ID: 'x', SECRET_ID: 'y' };

  test('none: the value is read', async () => {
    const instance = providerOf(settings(token()));
    expect(await readTextOf(instance, refTo('app'))).toBe('here');
    await instance.close();
  });

  test.each([
    [
      'TLS to a plain port',
      () => ({ ...token(), ADDR: `https://127.0.0.1:${port}` }),
      /does not speak TLS at this port .*start [A-Z]+_ADDR with http:\/\//,
    ],
    [
      'a port where nothing listens, in a container',
      () => ({ ...token(), ADDR: 'http://127.0.0.1:1' }),
      /nothing listens at its address .*check [A-Z]+_ADDR.*in a container, this address is the container itself/,
    ],
    [
      'a host name without an address',
      () => ({ ...token(), ADDR: 'http://no-such-host.invalid:8200' }),
      /host name .*check the name in [A-Z]+_ADDR/,
    ],
    ['a wrong path', () => ({ ...token(), ADDR: `${vault.address}/wrong` }), /\/wrong/],
    ['a wrong path, at a login', () => ({ ...approle, ADDR: `${vault.address}/wrong` }), /_ADDR|path of its address/],
    [
      'an AppRole login that is wrong',
      () => approle,
      /rejects the AppRole login .*check [A-Z]+_ROLE_ID and [A-Z]+_SECRET_ID/,
    ],
    [
      'a method that is not mounted',
      () => ({ ...approle, AUTH_MOUNT: 'nowhere' }),
      /no AppRole method mounted at auth\/nowhere; check [A-Z]+_AUTH_MOUNT/,
    ],
    [
      'a method that is not configured',
      () => ({ AUTH_METHOD: 'jwt', JWT_ROLE: 'x', JWT: 'a.b.c' }),
      /the JWT method at auth\/jwt, but it is not configured/,
    ],
    [
      'a password that is wrong',
      () => ({ AUTH_METHOD: 'userpass', USERNAME: 'joe', PASSWORD: 'x' }),
      /rejects the .* login/,
    ],
    ['a token that is wrong', () => ({ TOKEN: 'hvs.wrong' }), /token/],
  ])('%s', async (_name, changes, message) => {
    const said = await messageOf(settings(changes()));
    expect(said).toMatch(message);
    // A code of the system is never all that is said.
    expect(said).not.toMatch(/^[^;]*can't be reached \([A-Z_]+\)/);
  });
});

test('http to a port with TLS', async () => {
  const vault = await startRealVault({ tls: true });
  try {
    const said = await messageOf({ VAULT_ADDR: vault.address.replace('https:', 'http:'), VAULT_TOKEN: vault.token });
    expect(said).toMatch(/speaks TLS at this port; start VAULT_ADDR with https:\/\//);
  } finally {
    await vault.stop();
  }
});

test('a namespace that the server does not have', async () => {
  const bao = await startRealOpenBao();
  try {
    const said = await messageOf({ OPENBAO_ADDR: bao.address, OPENBAO_TOKEN: bao.token, OPENBAO_NAMESPACE: 'none' });
    expect(said).toMatch(/no such namespace; correct VAULT_NAMESPACE \(or OPENBAO_NAMESPACE\)/);
  } finally {
    await bao.stop();
  }
});

test('a sealed server', async () => {
  const vault = await startRealVault();
  try {
    await vault.admin.send('PUT', 'sys/seal');
    const settings = {
      VAULT_ADDR: vault.address,
      VAULT_AUTH_METHOD: 'approle',
      VAULT_ROLE_ID: 'x',
      VAULT_SECRET_ID: 'y',
    };
    expect(await messageOf(settings)).toMatch(/the server is sealed; unseal it/);
  } finally {
    await vault.stop();
  }
});
