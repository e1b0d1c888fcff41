import { type AwsFake, certificateChain, type ForwardProxy, startAwsFake, startForwardProxy } from '@vault-swarm/lab';
import { readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { providerOf, refTo, variablesFor } from './testing/configured.ts';
import { startTlsFront, type TlsFront } from './testing/tls-front.ts';

/** It is nowhere but behind the proxy. */
const HOST = 'secretsmanager.aws.test';

let aws: AwsFake;
let front: TlsFront;
let endpoint: string;

beforeAll(async () => {
  aws = await startAwsFake();
  aws.secrets().write('db', { SecretString: 'x' });
  front = await startTlsFront(aws.endpoint, HOST);
  endpoint = `https://${HOST}:${front.port}`;
});
afterAll(async () => {
  await front?.close();
  await aws?.stop();
});

/** Reads a secret with what these variables give; the error where that fails. */
async function read(variables: Variables): Promise<string | { readonly code: string; readonly message: string }> {
  const provider = providerOf(variables);
  try {
    return await readTextOf(provider, refTo('db'));
  } catch {
    return await vaultErrorOf(provider.secrets.read(refTo('db'), soon()));
  } finally {
    await provider.close();
  }
}

/** Does something with a proxy behind which AWS is. */
async function withProxy(port: number, work: (proxy: ForwardProxy) => Promise<void>, login?: string): Promise<void> {
  const proxy = await startForwardProxy({ to: port, ...(login === undefined ? {} : { login }) });
  await work(proxy);
  await proxy.close();
}

test('AWS is asked through a tunnel of HTTPS_PROXY, and its certificate is of an authority of AWS_CA_BUNDLE', async () => {
  await withProxy(
    front.port,
    async (proxy) => {
      const settings = { ...variablesFor(endpoint), HTTPS_PROXY: proxy.address, AWS_CA_BUNDLE: front.authority };
      expect(await read(settings)).toBe('x');
      expect(proxy.asked).toEqual([`CONNECT ${HOST}:${front.port}`]);
    },
    'user:pass word',
  );
});

test('an authority that another one issued, or the certificate itself, is enough in AWS_CA_BUNDLE', async () => {
  const chain = certificateChain(`DNS:${HOST}`);
  const issued = await startTlsFront(aws.endpoint, HOST, chain);
  await withProxy(issued.port, async (proxy) => {
    const settings = { ...variablesFor(`https://${HOST}:${issued.port}`), HTTPS_PROXY: proxy.address };
    for (const AWS_CA_BUNDLE of [chain.rootFile, chain.issuerFile, chain.serverFile]) {
      expect(await read({ ...settings, AWS_CA_BUNDLE })).toBe('x');
    }
    expect(await read({ ...settings, AWS_CA_BUNDLE: front.authority })).toMatchObject({ code: 'UNAVAILABLE' });
  });
  await issued.close();
  chain.remove();
});

test('with AWS_USE_FIPS_ENDPOINT=true the addresses are those of FIPS', async () => {
  await withProxy(front.port, async (proxy) => {
    const { AWS_ENDPOINT_URL: _, ...settings } = variablesFor(endpoint);
    const asked = { ...settings, AWS_REGION: 'us-east-1', AWS_USE_FIPS_ENDPOINT: 'true', HTTPS_PROXY: proxy.address };
    // Behind the proxy there is a server with another name.
    expect(await read(asked)).toMatchObject({ code: 'UNAVAILABLE' });
    expect(new Set(proxy.asked)).toEqual(new Set(['CONNECT secretsmanager-fips.us-east-1.amazonaws.com:443']));
  });
});

test('without AWS_CA_BUNDLE a certificate of an unknown authority is not trusted', async () => {
  await withProxy(front.port, async (proxy) => {
    expect(await read({ ...variablesFor(endpoint), HTTPS_PROXY: proxy.address })).toMatchObject({
      code: 'UNAVAILABLE',
    });
  });
});

test('an endpoint of http: is asked through HTTP_PROXY, in the small letters too', async () => {
  const port = Number(new URL(aws.endpoint).port);
  await withProxy(port, async (proxy) => {
    const settings = variablesFor(`http://${HOST}:${port}`);
    expect(await read({ ...settings, http_proxy: proxy.address.replace('http://', '') })).toBe('x');
    expect(proxy.asked).toEqual([`POST http://${HOST}:${port}/`]);
  });
});

test.for(['aws.test', '.aws.test', HOST, '*'])('with NO_PROXY=%s it is asked straight', async (NO_PROXY) => {
  await withProxy(front.port, async (proxy) => {
    const settings = { ...variablesFor(endpoint), HTTPS_PROXY: proxy.address, AWS_CA_BUNDLE: front.authority };
    expect(await read({ ...settings, NO_PROXY })).toMatchObject({ code: 'UNAVAILABLE' });
    expect(proxy.asked).toEqual([]);
  });
});

test('this machine is asked straight whatever the proxy', async () => {
  await withProxy(front.port, async (proxy) => {
    expect(await read({ ...variablesFor(aws.endpoint), HTTP_PROXY: proxy.address })).toBe('x');
    expect(proxy.asked).toEqual([]);
  });
});

test('if the proxy refuses us, AWS is not reached, and no error has the password', async () => {
  await withProxy(
    front.port,
    async (proxy) => {
      const HTTPS_PROXY = proxy.address.replace('secret-one', 'another-one');
      const failure = await read({ ...variablesFor(endpoint), HTTPS_PROXY, AWS_CA_BUNDLE: front.authority });
      expect(failure).toMatchObject({ code: 'UNAVAILABLE' });
      expect(JSON.stringify(failure)).not.toContain('another-one');
    },
    'user:secret-one',
  );
});
