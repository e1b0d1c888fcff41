import { copyFileSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CertificateChain, certificateChain, startForwardProxy, tempDirectory } from '@vault-swarm/lab';
import { probeAll, readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import type { ProviderInstance } from '@vault-swarm/provider';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { providerOf, refTo } from './testing/configured.ts';
import { type Front, startSocketFront, startTlsFront } from './testing/front.ts';
import { type RealVault, startRealVault } from './testing/real-vault.ts';

let vault: RealVault;
let chain: CertificateChain;
let named: Front;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  vault = await startRealVault();
  await vault.admin.send('POST', 'secret/data/app', { data: { value: 'here' } });
  chain = certificateChain('DNS:vault.test,IP:127.0.0.2');
  named = await startTlsFront(vault.address, { cert: chain.fullChain, key: chain.key });
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
afterAll(async () => {
  await named?.close();
  chain?.remove();
  await vault?.stop();
});

function provider(variables: Variables): ProviderInstance {
  const made = providerOf({ VAULT_TOKEN: vault.token, ...variables });
  closing.push(() => made.close());
  return made;
}

const read = (variables: Variables) => readTextOf(provider(variables), refTo('app'));
const failure = (variables: Variables) => vaultErrorOf(provider(variables).secrets.read(refTo('app'), soon()));

describe('a Vault whose certificate was issued by an authority below another one', () => {
  const withName = () => ({ VAULT_ADDR: named.address, VAULT_TLS_SERVER_NAME: 'vault.test' });

  test.each(['rootFile', 'issuerFile', 'serverFile'] as const)('is trusted by its %s alone', async (file) => {
    expect(await read({ ...withName(), VAULT_CACERT: chain[file] })).toBe('here');
    expect(await read({ ...withName(), VAULT_CACERT_BYTES: readFileSync(chain[file], 'utf8') })).toBe('here');
  });

  test('is trusted by a directory that has one of them', async () => {
    expect(await read({ ...withName(), VAULT_CAPATH: certificatesOnly(chain) })).toBe('here');
  });

  test('is not trusted by the certificates of others', async () => {
    const other = certificateChain('DNS:vault.test');
    closing.push(async () => other.remove());
    for (const VAULT_CACERT of [other.rootFile, other.issuerFile, other.serverFile]) {
      expect(await failure({ ...withName(), VAULT_CACERT })).toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/has a certificate that is not trusted \(\w+\); set .* as VAULT_CACERT/),
      });
    }
  });

  test('must have the name of VAULT_TLS_SERVER_NAME, or that address', async () => {
    const trusted = { VAULT_ADDR: named.address, VAULT_CACERT: chain.rootFile };
    expect(await read({ ...trusted, VAULT_TLS_SERVER_NAME: '127.0.0.2' })).toBe('here');
    for (const wrong of [{}, { VAULT_TLS_SERVER_NAME: 'other.test' }, { VAULT_TLS_SERVER_NAME: '127.0.0.3' }]) {
      expect(await failure({ ...trusted, ...wrong })).toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringContaining('set a name of the certificate as VAULT_TLS_SERVER_NAME'),
      });
    }
  });

  test('is checked in the same way through a proxy', async () => {
    const port = Number(new URL(named.address).port);
    const proxy = await startForwardProxy({ to: port });
    closing.push(() => proxy.close());
    // The name is not that of the certificate.
    const common = { VAULT_ADDR: `https://elsewhere.test:${port}`, VAULT_PROXY_ADDR: proxy.address };
    const trusted = { ...common, VAULT_CACERT: chain.issuerFile };
    expect(await read({ ...trusted, VAULT_TLS_SERVER_NAME: 'vault.test' })).toBe('here');
    expect((await failure({ ...trusted, VAULT_TLS_SERVER_NAME: 'other.test' })).code).toBe('UNAVAILABLE');
    expect((await failure(trusted)).code).toBe('UNAVAILABLE');
  });
});

test("a real Vault's own certificate is enough to trust it", async () => {
  const tls = await startRealVault({ tls: true });
  closing.push(() => tls.stop());
  await tls.admin.send('POST', 'secret/data/app', { data: { value: 'by its own' } });
  const own = join(dirname(tls.caFile ?? ''), 'vault-cert.pem');
  expect(await read({ VAULT_ADDR: tls.address, VAULT_TOKEN: tls.token, VAULT_CACERT: own })).toBe('by its own');
});

test('a Vault is read and probed over a Unix socket, which messages name', async () => {
  const directory = tempDirectory();
  closing.push(() => directory.remove());
  const front = await startSocketFront(vault.address, join(directory.path, 'vault.sock'));
  const instance = provider({ VAULT_ADDR: front.address, HTTP_PROXY: 'http://127.0.0.1:1' });
  expect(await readTextOf(instance, refTo('app'))).toBe('here');
  expect(await probeAll(instance, refTo('app'))).toMatchObject([{ kind: 'marker' }]);
  await front.close();
  const gone = await vaultErrorOf(instance.secrets.read(refTo('app'), soon()));
  expect(gone).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining(`vault at ${front.address} can't`),
  });
});

/** A directory with nothing but the issuer's certificate. */
function certificatesOnly({ issuerFile }: CertificateChain): string {
  const directory = tempDirectory();
  closing.push(() => directory.remove());
  copyFileSync(issuerFile, join(directory.path, 'issuer.pem'));
  return directory.path;
}
