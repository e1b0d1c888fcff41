import { ShiftedClock } from '@vault-swarm/lab/clocks';
import { probeAll, readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import type { ProductEvent, ProviderInstance } from '@vault-swarm/provider';
import { afterEach, expect, test } from 'vitest';
import { providerOf, refTo } from './testing/configured.ts';
import {
  data,
  invalidToken,
  login,
  metadata,
  mount,
  permissionDenied,
  type ScriptedAnswer,
  type SeenRequest,
  startScriptedVault,
  version2,
} from './testing/scripted-vault.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function setUp(answer: (request: SeenRequest) => ScriptedAnswer | undefined, variables: Variables = {}) {
  const vault = await startScriptedVault(answer);
  const clock = new ShiftedClock();
  const heard: ProductEvent[] = [];
  const events = { emit: (event: ProductEvent) => void heard.push(event) };
  const instance: ProviderInstance = providerOf(
    { VAULT_ADDR: vault.address, VAULT_TOKEN: 'hidden-token', ...variables },
    clock,
    events,
  );
  closing.push(vault.close, () => instance.close());
  const requests = () =>
    heard.flatMap((event) => (event.type === 'provider.request-completed' ? [[event.operation, event.outcome]] : []));
  const logins = () => heard.flatMap((event) => (event.type === 'provider.login' ? [event.expiresAtMs] : []));
  return { instance, clock, heard, requests, logins };
}

function answers({ path }: SeenRequest): ScriptedAnswer | undefined {
  if (path === 'auth/token/lookup-self') return data({ ttl: 3600, renewable: true });
  if (path.startsWith('sys/internal/ui/mounts/')) return mount('secret', '2');
  if (path.startsWith('secret/metadata/')) return metadata();
  if (path === 'secret/data/app') return version2({ value: 'hidden-value' });
  return undefined;
}

test('each request is reported with its purpose and outcome, without path, token or value', async () => {
  const { instance, heard, requests } = await setUp(answers);
  await readTextOf(instance, refTo('app'));
  await probeAll(instance, refTo('app'));
  await vaultErrorOf(instance.secrets.read(refTo('hidden-path'), soon()));
  expect(requests()).toEqual([
    ['lookup', 'ok'],
    ['mount', 'ok'],
    ['read', 'ok'],
    ['probe', 'ok'],
    ['read', 'NOT_FOUND'],
  ]);
  expect(heard.every((event) => event.type !== 'provider.request-completed' || event.durationMs >= 0)).toBe(true);
  expect(JSON.stringify(heard)).not.toMatch(/hidden|secret\//);
});

test.each([
  [permissionDenied, 'ACCESS_DENIED'],
  [invalidToken, 'UNAUTHENTICATED'],
  [{ status: 429, json: { errors: [] } }, 'RATE_LIMITED'],
  [{ status: 503, json: { errors: [] } }, 'UNAVAILABLE'],
  [{ status: 405, json: { errors: [] } }, 'INVALID_REF'],
] as const)('a read that is answered with %j ends as %s', async (answer, outcome) => {
  const { instance, requests } = await setUp((seen) => (seen.path === 'secret/data/app' ? answer : answers(seen)));
  await vaultErrorOf(instance.secrets.read(refTo('app'), soon()));
  expect(requests()).toContainEqual(['read', outcome]);
});

test('a request that is cut off without an answer ends as UNAVAILABLE', async () => {
  const caller = new AbortController();
  const { instance, requests } = await setUp((seen) => {
    if (seen.path !== 'secret/data/app') return answers(seen);
    setImmediate(() => caller.abort());
    return 'hang';
  });
  await vaultErrorOf(instance.secrets.read(refTo('app'), { signal: caller.signal }));
  await expect.poll(requests).toContainEqual(['read', 'UNAVAILABLE']);
});

const approle = { VAULT_AUTH_METHOD: 'approle', VAULT_ROLE_ID: 'r', VAULT_SECRET_ID: 's', VAULT_TOKEN: undefined };

test('a login that is refused ends as UNAUTHENTICATED', async () => {
  const refused = { status: 400, json: { errors: ['invalid secret id'] } };
  const { instance, requests, logins } = await setUp(
    (seen) => (seen.path === 'auth/approle/login' ? refused : answers(seen)),
    approle,
  );
  await vaultErrorOf(instance.secrets.read(refTo('app'), soon()));
  expect(requests()).toEqual([['login', 'UNAUTHENTICATED']]);
  expect(logins()).toEqual([]);
});

test('each login and renewal tells when it ends', async () => {
  const { instance, clock, requests, logins } = await setUp(
    (seen) => (seen.path.startsWith('auth/') ? login('t', 3600) : answers(seen)),
    approle,
  );
  await readTextOf(instance, refTo('app'));
  expect(logins()).toHaveLength(1);
  expect(Math.abs((logins()[0] ?? 0) - clock.now() - 3_600_000)).toBeLessThan(5_000);
  clock.advance(2_500_000);
  await readTextOf(instance, refTo('app'));
  await expect.poll(() => logins().length).toBe(2);
  expect(requests()).toContainEqual(['renew', 'ok']);
});

test('a given token that can not be renewed still reports its end', async () => {
  const { instance, clock, logins } = await setUp((seen) =>
    seen.path === 'auth/token/renew-self' ? login('hidden-token', 600) : answers(seen),
  );
  await readTextOf(instance, refTo('app'));
  clock.advance(2_500_000);
  await readTextOf(instance, refTo('app'));
  await expect.poll(() => logins().length).toBe(2);
  expect(Math.abs((logins()[1] ?? 0) - clock.now() - 600_000)).toBeLessThan(5_000);
});

test('a login that is to last for longer than dates go is reported with the last date', async () => {
  const { instance, logins } = await setUp((seen) =>
    seen.path === 'auth/token/lookup-self' ? data({ ttl: Number.MAX_SAFE_INTEGER, renewable: true }) : answers(seen),
  );
  expect(await readTextOf(instance, refTo('app'))).toBe('hidden-value');
  expect(logins().map((atMs) => new Date(atMs ?? 0).toISOString())).toEqual(['+275760-09-13T00:00:00.000Z']);
});
