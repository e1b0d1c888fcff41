import { createServer } from 'node:net';
import { type ForwardProxy, startForwardProxy } from '@vault-swarm/lab';
import { probeAll, readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import type { ProviderInstance } from '@vault-swarm/provider';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { providerOf, refTo } from './testing/configured.ts';
import { listenOn } from './testing/listening.ts';
import { type RealVault, startRealVault } from './testing/real-vault.ts';

const SECRETS = 20;

let open: RealVault;
let tls: RealVault;
const providers: ProviderInstance[] = [];
const proxies: ForwardProxy[] = [];

beforeAll(async () => {
  [open, tls] = await Promise.all([startRealVault(), startRealVault({ tls: true })]);
  for (const { admin } of [open, tls]) {
    for (let number = 0; number < SECRETS; number++) {
      await admin.send('POST', `secret/data/app-${number}`, { data: { value: `${number}` } });
    }
  }
});
afterEach(async () => {
  for (const provider of providers.splice(0)) await provider.close();
  for (const proxy of proxies.splice(0)) await proxy.close();
});
afterAll(async () => {
  await open?.stop();
  await tls?.stop();
});

async function proxyTo({ address }: RealVault, login?: string): Promise<ForwardProxy> {
  const proxy = await startForwardProxy({ to: portOf(address), ...(login === undefined ? {} : { login }) });
  proxies.push(proxy);
  return proxy;
}

const portOf = (address: string) => Number(new URL(address).port);

function provider(settings: Variables): ProviderInstance {
  const instance = providerOf(settings);
  providers.push(instance);
  return instance;
}

const ofTls = () => ({ VAULT_ADDR: tls.address, VAULT_TOKEN: tls.token, VAULT_CACERT: tls.caFile });

test('a Vault of https is asked through tunnels, which are kept and used again', async () => {
  const proxy = await proxyTo(tls, 'user:pass word');
  const instance = provider({ ...ofTls(), VAULT_PROXY_ADDR: proxy.address });
  for (let number = 0; number < SECRETS; number++) {
    expect(await readTextOf(instance, refTo(`app-${number}`))).toBe(`${number}`);
  }
  const refs = Array.from({ length: SECRETS }, (_, number) => refTo(`app-${number}`));
  expect((await probeAll(instance, ...refs)).every(({ kind }) => kind === 'marker')).toBe(true);
  expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT 127.0.0.1:${portOf(tls.address)}`]));
  expect(proxy.asked.length).toBeLessThanOrEqual(8);
});

test('through a proxy, too, a server that has no certificate for its name is not trusted', async () => {
  const proxy = await proxyTo(tls);
  const VAULT_ADDR = `https://vault.test:${portOf(tls.address)}`;
  const instance = provider({ ...ofTls(), VAULT_ADDR, HTTPS_PROXY: proxy.address });
  expect(await vaultErrorOf(instance.secrets.read(refTo('app-0'), soon()))).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('VAULT_TLS_SERVER_NAME'),
  });
  expect(proxy.asked.length).toBeGreaterThan(0);
});

test('a Vault of http is asked through the proxy in the open', async () => {
  const proxy = await proxyTo(open, 'user:password');
  const VAULT_ADDR = `http://vault.test:${portOf(open.address)}`;
  const instance = provider({ VAULT_ADDR, VAULT_TOKEN: open.token, HTTP_PROXY: proxy.address });
  expect(await readTextOf(instance, refTo('app-1'))).toBe('1');
  expect(proxy.asked).toContain(`GET ${VAULT_ADDR}/v1/secret/data/app-1`);
});

test('a proxy that refuses us, or is not there, is named without its password', async () => {
  const proxy = await proxyTo(tls, 'user:right-one');
  const refused = provider({ ...ofTls(), VAULT_PROXY_ADDR: proxy.address.replace('right-one', 'wrong-one') });
  const gone = provider({ ...ofTls(), VAULT_PROXY_ADDR: 'http://user:wrong-one@127.0.0.1:1' });
  for (const [instance, port] of [
    [refused, portOf(proxy.address)],
    [gone, 1],
  ] as const) {
    const failure = await vaultErrorOf(instance.secrets.read(refTo('app-0'), soon()));
    expect(failure).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`the proxy at 127.0.0.1:${port} is used`),
    });
    expect(JSON.stringify(failure)).not.toContain('wrong-one');
  }
});

test('a proxy that accepts requests and answers none does not delay deliveries', async () => {
  const silent = createServer((socket) => void socket.resume());
  const instance = provider({ ...ofTls(), VAULT_PROXY_ADDR: `http://127.0.0.1:${await listenOn(silent)}` });
  const signal = AbortSignal.timeout(300);
  expect(await vaultErrorOf(instance.secrets.read(refTo('app-0'), { signal }))).toMatchObject({ code: 'UNAVAILABLE' });
  await instance.close();
  await new Promise((resolve) => silent.close(resolve));
});
