import { startVaultProxy, type VaultProxy } from '@vault-swarm/lab';
import { ownTimeOf } from '@vault-swarm/lab/clocks';
import { probeAll, readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { ProviderInstance } from '@vault-swarm/provider';
import { startTcpProxy, type TcpProxy } from '@vault-swarm/provider-contract';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { providerOf, refTo } from './testing/configured.ts';
import { type RealVault, startRealVault } from './testing/real-vault.ts';

const SECRETS = 200;

let vault: RealVault;
let proxy: VaultProxy;
let tcpProxy: TcpProxy;
const open: ProviderInstance[] = [];

beforeAll(async () => {
  vault = await startRealVault();
  proxy = await startVaultProxy(vault.address);
  tcpProxy = await startTcpProxy(vault.address);
  for (let index = 0; index < SECRETS; index++) {
    await vault.admin.send('POST', `secret/data/app-${index}`, { data: { value: `${index}` } });
  }
});
afterEach(async () => {
  await proxy.setFaults();
  await proxy.setLatency(0);
  for (const instance of open.splice(0)) await instance.close();
});
afterAll(async () => {
  await proxy?.close();
  await tcpProxy?.close();
  await vault?.stop();
});

async function provider(address: string): Promise<ProviderInstance> {
  const instance = providerOf({ VAULT_ADDR: address, VAULT_TOKEN: vault.token });
  open.push(instance);
  expect(await readTextOf(instance, refTo('app-0'))).toBe('0');
  await proxy.reset();
  return instance;
}

/** Reads the secrets in turn, so many times in all and some at a time, and checks each value. */
async function readInTurn(instance: ProviderInstance, times: number, atATime: number): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < times) {
      const index = next++ % SECRETS;
      expect(await readTextOf(instance, refTo(`app-${index}`))).toBe(`${index}`);
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
}

describe('connections to a real Vault', () => {
  test('are used again: one for reads in turn, one for each that is in progress at the same time', async () => {
    const instance = await provider(proxy.addr);
    await readInTurn(instance, 1_000, 1);
    expect((await proxy.counts()).connections).toBe(0);
    await readInTurn(instance, 1_000, 8);
    expect((await proxy.counts()).connections).toBeLessThanOrEqual(8);
    await proxy.reset();
    const refs = Array.from({ length: SECRETS }, (_, index) => refTo(`app-${index}`));
    for (let pass = 0; pass < 3; pass++) await probeAll(instance, ...refs);
    expect((await proxy.counts()).connections).toBe(0);
  });

  test('are 16 at most', async () => {
    const instance = await provider(proxy.addr);
    await proxy.setLatency(20);
    const refs = Array.from({ length: 100 }, (_, index) => refTo(`app-${index}`));
    await Promise.all([...refs.map((ref) => readTextOf(instance, ref)), probeAll(instance, ...refs)]);
    expect((await proxy.counts()).connections).toBeLessThanOrEqual(15);
  });

  test('never give a call the answer of one that was aborted on them', async () => {
    const instance = await provider(proxy.addr);
    await proxy.setLatency(10);
    for (let round = 0; round < 20; round++) {
      const reads = Array.from({ length: 8 }, (_, index) => {
        const controller = new AbortController();
        const read = instance.secrets.read(refTo(`app-${index}`), { signal: controller.signal });
        // Before, while and after the answer comes.
        const cut = new Promise<void>((resolve) => {
          setTimeout(
            () => {
              controller.abort();
              resolve();
            },
            (round * 8 + index) % 23,
          );
        });
        return Promise.allSettled([read, cut]);
      });
      await Promise.all(reads);
      await readInTurn(instance, 8, 8);
    }
  });

  test('are left to tasks while a first poll of many paths hangs: its probe, and four reads beside it', async () => {
    const instance = await provider(proxy.addr);
    await proxy.setFaults({ kind: 'hang', match: { path: /hanging-/ } });
    const stop = new AbortController();
    const refs = Array.from({ length: 100 }, (_, index) => refTo(`hanging-${index}`));
    const probing = instance.probe?.probe(refs, { signal: stop.signal });
    const reads = refs.slice(0, 4).map((ref) => instance.secrets.read(ref, { signal: stop.signal }));
    const poll = Promise.allSettled([probing, ...reads]);
    await expect.poll(async () => (await proxy.counts()).requests).toBe(12);
    expect(await readTextOf(instance, refTo('app-1'))).toBe('1');
    stop.abort();
    await poll;
  });

  test.each([
    ['hangs', { kind: 'hang' }],
    ['trickles in', { kind: 'drip', intervalMs: 20 }],
  ] as const)('are given up within 100 ms where a call is aborted whose answer %s', async (_how, fault) => {
    const instance = await provider(proxy.addr);
    await proxy.setFaults(fault);
    const controller = new AbortController();
    const read = vaultErrorOf(instance.secrets.read(refTo('app-1'), { signal: controller.signal }));
    await expect.poll(async () => (await proxy.counts()).requests).toBe(1);
    controller.abort();
    expect(await ownTimeOf(() => read)).toBeLessThan(100);
    expect((await read).code).toBe('UNAVAILABLE');
    await proxy.setFaults();
    expect(await readTextOf(instance, refTo('app-2'))).toBe('2');
  });

  test('that lead to a server which vanished hold up one call to its deadline, and no later one', async () => {
    const instance = await provider(tcpProxy.url);
    await readInTurn(instance, 100, 8);
    tcpProxy.freeze();
    const stuck = vaultErrorOf(instance.secrets.read(refTo('app-1'), { signal: AbortSignal.timeout(400) }));
    expect(await ownTimeOf(() => stuck)).toBeLessThan(500);
    expect((await stuck).code).toBe('UNAVAILABLE');
    expect(await ownTimeOf(() => readInTurn(instance, 100, 8))).toBeLessThan(2_000);
  });

  test('are not given up for a call that was aborted early', async () => {
    const instance = await provider(proxy.addr);
    await proxy.setLatency(50);
    const controller = new AbortController();
    const reads = Array.from({ length: 4 }, (_, index) => readTextOf(instance, refTo(`app-${index}`)));
    const aborted = vaultErrorOf(instance.secrets.read(refTo('app-9'), { signal: controller.signal }));
    controller.abort();
    await aborted;
    expect(await Promise.all(reads)).toEqual(['0', '1', '2', '3']);
    await proxy.reset();
    await readInTurn(instance, 16, 4);
    expect((await proxy.counts()).connections).toBe(0);
  });

  test('are ended by close, together with what is in progress', async () => {
    const instance = await provider(proxy.addr);
    await proxy.setFaults({ kind: 'hang' });
    const read = vaultErrorOf(instance.secrets.read(refTo('app-1'), soon()));
    await expect.poll(async () => (await proxy.counts()).requests).toBe(1);
    await instance.close();
    expect((await read).code).toBe('UNAVAILABLE');
  });
});
