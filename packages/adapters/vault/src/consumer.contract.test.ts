import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startVault, tempDirectory, type Vault } from '@vault-swarm/lab';
import { openDocument } from '@vault-swarm/lab/documents';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { providerOf, refTo } from './testing/configured.ts';

const HEADER = 'x-swarm-service';
const directory = tempDirectory();
const auditFile = join(directory.path, 'audit.log');
let vault: Vault;

const ref = refTo('app/db');
const provider = (variables = {}) => providerOf({ VAULT_ADDR: vault.addr, VAULT_TOKEN: vault.rootToken, ...variables });
const { signal } = new AbortController();

/** The values of the header in the audit log, one for each read of the secret. */
async function consumers(): Promise<readonly unknown[]> {
  const lines = (await readFile(auditFile, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const reads = lines.filter(
    ({ type, request }) => type === 'request' && request.path === 'secret/data/app/db' && request.operation === 'read',
  );
  return reads.map(({ request }) => request.headers?.[HEADER]?.[0] ?? null);
}

beforeAll(async () => {
  vault = await startVault({ dir: join(directory.path, 'vault') });
  await vault.request('PUT', 'sys/audit/file', { type: 'file', options: { file_path: auditFile } });
  const guide = openDocument('docs/guides/vault.md', import.meta.filename);
  const command = guide.take("Name the service in Vault's audit log", 'sh');
  const [, path = ''] = /^vault write (\S+) hmac=false\n?$/.exec(command) ?? [];
  expect(guide.left()).toEqual([]);
  await vault.request('POST', path, { hmac: false });
  await vault.request('POST', 'secret/data/app/db', { data: { password: 'canary' } });
});
afterAll(async () => {
  await vault?.stop();
  await directory.remove();
});

test("Vault's audit log names the service for which a value is read, if the setting says so", async () => {
  const silent = provider();
  await silent.secrets.read(ref, { signal, consumer: 'shop_web' });
  const naming = provider({ VAULT_SEND_CONSUMER: 'true' });
  await naming.secrets.read(ref, { signal, consumer: 'shop_web' });
  await naming.secrets.read(ref, { signal });
  await naming.secrets.read(ref, { signal, consumer: 'no name\r\nX-Other: 1' });
  expect(await consumers()).toEqual([null, 'shop_web', null, null]);
  await Promise.all([silent.close(), naming.close()]);
});

test('a read that several services share names the one that started it', async () => {
  const naming = provider({ VAULT_SEND_CONSUMER: 'true' });
  const before = (await consumers()).length;
  await Promise.all(['shop_web', 'shop_api'].map((consumer) => naming.secrets.read(ref, { signal, consumer })));
  expect((await consumers()).slice(before)).toEqual(['shop_web']);
  await naming.close();
});
