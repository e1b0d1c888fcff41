import { realClock, ShiftedClock } from '@vault-swarm/lab/clocks';
import { readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { ProductEvent, ProviderInstance } from '@vault-swarm/provider';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { providerOf, refTo } from '../testing/configured.ts';
import { type LoginMethod, type LoginSetUp, setUpLogin } from '../testing/login-set-ups.ts';
import { type RealVault, startRealVault } from '../testing/real-vault.ts';

const METHODS: readonly LoginMethod[] = ['approle', 'jwt', 'userpass', 'ldap', 'cert', 'aws'];
const PATHS = Array.from({ length: 100 }, (_, index) => `app-${index}`);

let plain: RealVault;
let tls: RealVault;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  [plain, tls] = await Promise.all([startRealVault(), startRealVault({ tls: true })]);
  for (const { admin } of [plain, tls]) {
    await admin.policy('app', 'path "secret/*" { capabilities = ["read"] }');
    for (const path of PATHS) await admin.send('POST', `secret/data/${path}`, { data: { value: path } });
  }
});
afterAll(async () => {
  await plain?.stop();
  await tls?.stop();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A method that is set up, a provider that logs in by it, and what that one asked Vault beside values. */
async function logInBy(method: LoginMethod, name: string) {
  const vault = method === 'cert' ? tls : plain;
  const setUp = await setUpLogin(method, vault, name);
  const asked: string[] = [];
  const events = {
    emit: (event: ProductEvent) => {
      if (event.type === 'provider.request-completed' && /^(login|renew|lookup)$/.test(event.operation)) {
        asked.push(`${event.operation} ${event.outcome}`);
      }
    },
  };
  const instance = providerOf(setUp.variables, realClock, events);
  closing.push(setUp.remove, () => instance.close());
  return { vault, setUp, instance, asked, readAll: () => readAll(instance), revoke: () => revoke(vault, setUp) };
}

function readAll(instance: ProviderInstance): Promise<string[]> {
  return Promise.all(PATHS.map((path) => readTextOf(instance, refTo(path))));
}

/** Ends all tokens of a method, as an operator does who found out that one leaked. */
async function revoke(vault: RealVault, { variables }: LoginSetUp): Promise<void> {
  await vault.admin.send('POST', `sys/leases/revoke-prefix/auth/${variables.VAULT_AUTH_MOUNT}`);
}

describe.each(METHODS)('a login by %s at a real Vault', (method) => {
  test('happens once for a hundred reads, and once more after its token was revoked', async () => {
    const { readAll, revoke, asked } = await logInBy(method, 'revocation');
    expect(await readAll()).toEqual(PATHS);
    expect(asked).toEqual(['login ok']);
    await revoke();
    expect(await readAll()).toEqual(PATHS);
    expect(asked).toEqual(['login ok', 'login ok']);
  });

  test('is refused once for a hundred reads, and tried with other credentials at once', async () => {
    const { instance, setUp, readAll, revoke, asked } = await logInBy(method, 'refusal');
    expect(await readAll()).toEqual(PATHS);
    await setUp.spoil();
    await revoke();
    const errors = await Promise.all(PATHS.map((path) => vaultErrorOf(instance.secrets.read(refTo(path), soon()))));
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['UNAUTHENTICATED']));
    expect(errors[0]?.message).toContain(`rejects the`);
    expect(asked).toEqual(['login ok', 'login UNAUTHENTICATED']);
    await setUp.repair();
    expect(await readAll()).toEqual(PATHS);
    expect(asked).toEqual(['login ok', 'login UNAUTHENTICATED', 'login ok']);
  });
});

test('each of them is followed by renewals, and by another login if the longest life of its token ends', async () => {
  const lives = METHODS.map(async (method) => {
    const { setUp, instance, asked } = await logInBy(method, 'life');
    await setUp.setLife({ ttl: '3s', maxTtl: '5s' });
    const read = async () => {
      expect(await readTextOf(instance, refTo('app-0'))).toBe('app-0');
      return asked.join();
    };
    const message = `logins by ${method}`;
    await expect.poll(read, { timeout: 20_000, interval: 200, message }).toMatch(/^login ok.*renew ok.*login ok/);
    expect(asked.join(), message).not.toContain('UNAUTHENTICATED');
  });
  await Promise.all(lives);
});

test('a login at a mount that is not there says so', async () => {
  const { setUp } = await logInBy('userpass', 'nowhere');
  const instance = providerOf({ ...setUp.variables, VAULT_AUTH_MOUNT: 'nowhere' });
  closing.push(() => instance.close());
  expect(await vaultErrorOf(instance.secrets.read(refTo('app-0'), soon()))).toMatchObject({
    code: 'UNAUTHENTICATED',
    message: expect.stringMatching(/no .* method mounted at auth\/nowhere; check VAULT_AUTH_MOUNT/),
  });
});

test('a token that can not be renewed is followed by another login, or by none if somebody else made it', async () => {
  const { setUp, instance, asked } = await logInBy('approle', 'batch');
  await setUp.setLife({ ttl: '3s', maxTtl: '3s', type: 'batch' });
  const read = async () => {
    expect(await readTextOf(instance, refTo('app-0'))).toBe('app-0');
    return asked.join();
  };
  await expect.poll(read, { timeout: 20_000, interval: 200 }).toBe('login ok,login ok');

  const batch = { policies: ['app'], type: 'batch', ttl: '2s' };
  const { client_token: token } = await plain.admin.send('POST', 'auth/token/create', batch);
  const given = providerOf({ VAULT_ADDR: plain.address, VAULT_TOKEN: String(token) });
  closing.push(() => given.close());
  expect(await readTextOf(given, refTo('app-0'))).toBe('app-0');
  const code = () =>
    given.secrets.read(refTo('app-0'), soon()).then(
      () => 'read',
      ({ code }) => code,
    );
  await expect.poll(code, { timeout: 20_000, interval: 200 }).toBe('UNAUTHENTICATED');
});

test('a Vault that was restarted with nothing in it is logged in to again, as soon as the role is there', async () => {
  const vault = await startRealVault();
  closing.push(() => vault.stop());
  const put = async () => {
    const { admin } = vault;
    await admin.policy('app', 'path "secret/*" { capabilities = ["read"] }');
    await admin.send('POST', 'secret/data/app', { data: { value: 'here' } });
    await admin.send('POST', 'sys/auth/userpass', { type: 'userpass' });
    await admin.send('POST', 'auth/userpass/users/swarm', { password: 'p', token_policies: ['app'] });
  };
  await put();
  const user = { VAULT_AUTH_METHOD: 'userpass', VAULT_USERNAME: 'swarm', VAULT_PASSWORD: 'p' };
  const clock = new ShiftedClock();
  const instance = providerOf({ VAULT_ADDR: vault.address, ...user }, clock);
  closing.push(() => instance.close());
  expect(await readTextOf(instance, refTo('app'))).toBe('here');
  await vault.kill();
  expect((await vaultErrorOf(instance.secrets.read(refTo('app'), soon()))).code).toBe('UNAVAILABLE');
  await vault.start();
  expect((await vaultErrorOf(instance.secrets.read(refTo('app'), soon()))).code).toBe('UNAUTHENTICATED');
  await put();
  clock.advance(10_000);
  expect(await readTextOf(instance, refTo('app'))).toBe('here');
});
