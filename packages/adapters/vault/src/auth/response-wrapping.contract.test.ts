import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { ProviderInstance } from '@vault-swarm/provider';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { providerOf, refTo } from '../testing/configured.ts';
import { type RealVault, startRealVault } from '../testing/real-vault.ts';

const SECRET_IDS = 'auth/approle/role/app/secret-id';

let vault: RealVault;
let directory: string;
let file: string;
let roleId: string;
const open: ProviderInstance[] = [];

beforeAll(async () => {
  vault = await startRealVault();
  const { admin } = vault;
  await admin.send('POST', 'sys/auth/approle', { type: 'approle' });
  await admin.policy('app', 'path "secret/*" { capabilities = ["read"] }');
  await admin.send('POST', 'secret/data/app', { data: { value: 'here' } });
  ({ roleId } = await admin.appRole('app', ['app']));
});
afterAll(() => vault?.stop());

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vault-wrapped-'));
  file = join(directory, 'wrapping-token');
});
afterEach(async () => {
  for (const instance of open.splice(0)) await instance.close();
  rmSync(directory, { recursive: true });
});

function provider(): ProviderInstance {
  const made = providerOf({
    VAULT_ADDR: vault.address,
    VAULT_AUTH_METHOD: 'approle',
    VAULT_ROLE_ID: roleId,
    VAULT_SECRET_ID_FILE: file,
    VAULT_SECRET_ID_WRAPPING_PATH: SECRET_IDS,
  });
  open.push(made);
  return made;
}

const read = (instance: ProviderInstance) => readTextOf(instance, refTo('app'));
const failure = (instance: ProviderInstance) => vaultErrorOf(instance.secrets.read(refTo('app'), soon()));
const revokeOurs = () => vault.admin.send('POST', 'sys/leases/revoke-prefix/auth/approle');

async function wrapSecretId(): Promise<string> {
  const token = await vault.admin.wrapped('POST', SECRET_IDS);
  writeFileSync(file, `${token}\n`);
  return token;
}

test('a wrapped secret id is unwrapped once, and serves further logins', async () => {
  const token = await wrapSecretId();
  const instance = provider();
  expect(await read(instance)).toBe('here');
  await revokeOurs();
  expect(await read(instance)).toBe('here');
  await expect(vault.admin.send('POST', 'sys/wrapping/lookup', { token })).rejects.toThrow('400');
});

test('a wrapping token that somebody else has used is refused, and the next one is taken at once', async () => {
  const token = await wrapSecretId();
  await vault.admin.send('POST', 'sys/wrapping/unwrap', { token });
  const instance = provider();
  const error = await failure(instance);
  expect(error).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(error.message).toContain('the wrapping token of VAULT_SECRET_ID_FILE is used up');
  expect(error.message).not.toContain(token);
  await wrapSecretId();
  expect(await read(instance)).toBe('here');
});

test('a wrapping token that was made elsewhere is refused, and not used up', async () => {
  const secretId = await vault.admin.secretId('app');
  const token = await vault.admin.wrapped('POST', 'sys/wrapping/wrap', { secret_id: secretId });
  writeFileSync(file, token);
  const error = await failure(provider());
  expect(error).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(error.message).toContain(`was not created at ${SECRET_IDS}`);
  expect(await vault.admin.send('POST', 'sys/wrapping/unwrap', { token })).toMatchObject({ secret_id: secretId });
});
