import {
  permissionDenied,
  sealed,
  startVaultProxy,
  tooManyRequests,
  type VaultFault,
  type VaultProxy,
} from '@vault-swarm/lab';
import { ownTimeOf, ShiftedClock } from '@vault-swarm/lab/clocks';
import { readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { ProviderError, ProviderInstance } from '@vault-swarm/provider';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { providerOf, refTo } from './testing/configured.ts';
import { type RealVault, startRealVault } from './testing/real-vault.ts';
import type { VaultAdmin } from './testing/vault-admin.ts';

const CALLS = 100;
const LOOKUP = 'GET auth/token/lookup-self';

let vault: RealVault;
let admin: VaultAdmin;
let proxy: VaultProxy;
const open: ProviderInstance[] = [];

beforeAll(async () => {
  vault = await startRealVault();
  ({ admin } = vault);
  proxy = await startVaultProxy(vault.address);
  await admin.send('POST', 'sys/auth/approle', { type: 'approle' });
  await admin.policy('some', 'path "secret/data/+/allowed-*" { capabilities = ["read"] }');
  for (let index = 0; index < CALLS; index++) {
    await admin.send('POST', `secret/data/there/allowed-${index}`, { data: { value: `${index}`, other: 'x' } });
    await admin.send('POST', `secret/data/gone/allowed-${index}`, { data: { value: 'x' } });
    await admin.send('DELETE', `secret/data/gone/allowed-${index}`);
  }
});
afterEach(async () => {
  await proxy.setFaults();
  for (const instance of open.splice(0)) await instance.close();
});
afterAll(async () => {
  await proxy?.close();
  await vault?.stop();
});

/** A provider that is logged in by AppRole and has read one secret; what it asks is counted from then on. */
async function ready(clock = new ShiftedClock()): Promise<ProviderInstance> {
  const { roleId, secretId } = await admin.appRole('some', ['some']);
  const variables = { VAULT_AUTH_METHOD: 'approle', VAULT_ROLE_ID: roleId, VAULT_SECRET_ID: secretId };
  const instance = providerOf({ VAULT_ADDR: proxy.addr, ...variables }, clock);
  open.push(instance);
  expect(await readTextOf(instance, refTo('there/allowed-0'))).toBe('0');
  // A token that is newer may not be known to each server yet, so what refuses it is asked again.
  clock.advance(2_000);
  await proxy.reset();
  return instance;
}

async function revokeTokens(): Promise<void> {
  const { keys } = await admin.send('LIST', 'auth/token/accessors');
  for (const accessor of keys as string[]) {
    const { path } = await admin.send('POST', 'auth/token/lookup-accessor', { accessor });
    if (path === 'auth/approle/login') await admin.send('POST', 'auth/token/revoke-accessor', { accessor });
  }
}

/** Reads as many secrets as there are calls, some at a time, and gives how they ended. */
async function readMany(instance: ProviderInstance, path: string, atATime: number): Promise<ReadonlySet<string>> {
  const outcomes = new Set<string>();
  let next = 0;
  const work = async () => {
    while (next < CALLS) {
      const ref = refTo(`${path}-${next++}`);
      const outcome = await instance.secrets.read(ref, soon()).then(
        () => 'read',
        (error: ProviderError) => error.code,
      );
      outcomes.add(outcome);
    }
  };
  await Promise.all(Array.from({ length: atATime }, work));
  return outcomes;
}

describe.each([1, 8])('a hundred reads of a real Vault, %s at a time', (atATime) => {
  test.each([
    ['of secrets that are there', 'there/allowed', 'read'],
    ['of secrets that never were', 'never/allowed', 'NOT_FOUND'],
    ['of secrets that are deleted', 'gone/allowed', 'NOT_FOUND'],
  ])('%s cost one request each', async (_what, path, outcome) => {
    const instance = await ready();
    expect(await readMany(instance, path, atATime)).toEqual(new Set([outcome]));
    expect((await proxy.counts()).requests).toBe(CALLS);
  });

  test('that policy refuses cost one request each, and one a second to know that the token is alive', async () => {
    const instance = await ready();
    const started = performance.now();
    expect(await readMany(instance, 'there/forbidden', atATime)).toEqual(new Set(['ACCESS_DENIED']));
    const { requests, byPath } = await proxy.counts();
    const seconds = Math.ceil((performance.now() - started) / 1_000);
    expect(byPath[LOOKUP] ?? 0).toBeLessThanOrEqual(seconds);
    expect(requests - (byPath[LOOKUP] ?? 0)).toBe(CALLS);
  });

  test('whose token was revoked cost one login, and again those that it had refused', async () => {
    const instance = await ready();
    await revokeTokens();
    expect(await readMany(instance, 'there/allowed', atATime)).toEqual(new Set(['read']));
    const { requests, logins } = await proxy.counts();
    expect(logins).toBe(1);
    expect(requests).toBeLessThanOrEqual(CALLS + atATime + 1);
  });

  test.each([
    ['throttled', 'RATE_LIMITED', tooManyRequests(5)],
    ['answered by a sealed server', 'UNAVAILABLE', sealed],
  ] as [string, string, VaultFault][])(
    'that are %s cost one request each, and few more',
    async (_how, outcome, fault) => {
      const instance = await ready();
      await proxy.setFaults(fault);
      expect(await readMany(instance, 'there/allowed', atATime)).toEqual(new Set([outcome]));
      const { requests } = await proxy.counts();
      expect(requests).toBeGreaterThanOrEqual(CALLS);
      expect(requests).toBeLessThanOrEqual(CALLS + 16);
    },
  );

  test.each([
    ['a 412', { kind: 'status', status: 412, body: { errors: ['required index state not present'] } }],
    ['a 503', sealed],
    ['a bad gateway', { kind: 'status', status: 502, body: '<html>Bad Gateway</html>' }],
    ['a reset connection', { kind: 'cut' }],
  ] as [string, VaultFault][])('of which some meet %s are all answered', async (_what, fault) => {
    const instance = await ready();
    await proxy.setFaults({ ...fault, times: 2 });
    expect(await readMany(instance, 'there/allowed', atATime)).toEqual(new Set(['read']));
    expect((await proxy.counts()).requests).toBe(CALLS + 2);
  });

  test('cost nothing if everything is refused, the login too, but for two logins in 10 s', async () => {
    const clock = new ShiftedClock();
    const instance = await ready(clock);
    await proxy.setFaults(permissionDenied);
    expect(await readMany(instance, 'there/allowed', atATime)).toEqual(new Set(['UNAUTHENTICATED']));
    // The reads that were in progress, two questions about the token, and a login.
    expect((await proxy.counts()).requests).toBeLessThanOrEqual(atATime + 3);
    for (let passedMs = 0; passedMs < 10_000; passedMs += 500) {
      clock.advance(500);
      await vaultErrorOf(instance.secrets.read(refTo('there/allowed-0'), soon()));
    }
    expect((await proxy.counts()).logins).toBeLessThanOrEqual(2);
    expect((await proxy.counts()).requests).toBeLessThanOrEqual(atATime + 4);
  });
});

describe('requests to a real Vault', () => {
  test('are one for all fields of a path that are asked for at the same time', async () => {
    const instance = await ready();
    const refs = ['value', 'other'].flatMap((field) => Array(50).fill(refTo('there/allowed-7', { field })));
    const texts = await Promise.all(refs.map((ref) => readTextOf(instance, ref)));
    expect(new Set(texts)).toEqual(new Set(['7', 'x']));
    expect((await proxy.counts()).requests).toBe(1);
  });

  test('that hang end at their deadlines, one request each, and the next one is answered', async () => {
    const instance = await ready();
    await proxy.setFaults({ kind: 'hang' });
    const reads = Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        vaultErrorOf(instance.secrets.read(refTo(`there/allowed-${index}`), { signal: AbortSignal.timeout(300) })),
      ),
    );
    expect(await ownTimeOf(() => reads)).toBeLessThan(400);
    expect(new Set((await reads).map(({ code }) => code))).toEqual(new Set(['UNAVAILABLE']));
    expect((await proxy.counts()).requests).toBe(8);
    await proxy.setFaults();
    expect(await readTextOf(instance, refTo('there/allowed-3'))).toBe('3');
  });

  test.each([
    ['in seconds', '30', 30_000],
    ['as a date', new Date(Date.now() + 3_600_000).toUTCString(), 300_000],
    ['absurdly', '99999999999', 300_000],
  ])('that are throttled, with the wait given %s, say how long to wait; so do logins', async (_how, wait, expected) => {
    const instance = await ready();
    const busy: VaultFault = { kind: 'status', status: 429, body: { errors: [] }, headers: { 'Retry-After': wait } };
    await proxy.setFaults(busy);
    const read = await vaultErrorOf(instance.secrets.read(refTo('there/allowed-0'), soon()));
    expect(read).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expected });
    await proxy.setFaults({ ...busy, match: { path: /^auth\/approle\/login$/ } });
    await revokeTokens();
    const login = await vaultErrorOf(instance.secrets.read(refTo('there/allowed-0'), soon()));
    expect(login).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expected });
    expect((await proxy.counts()).logins).toBe(1);
    await vaultErrorOf(instance.secrets.read(refTo('there/allowed-0'), soon()));
    expect((await proxy.counts()).logins).toBe(1);
  });
});
