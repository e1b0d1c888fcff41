import { ShiftedClock } from '@vault-swarm/lab/clocks';
import { probeAll, readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { Variables } from '@vault-swarm/lab/variables';
import type { ProductEvent, ProviderInstance } from '@vault-swarm/provider';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { providerOf, refTo } from './testing/configured.ts';
import { type RealVault, startRealOpenBao } from './testing/real-vault.ts';

let bao: RealVault;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  bao = await startRealOpenBao();
  await bao.admin.policy('app', 'path "secret/data/app" { capabilities = ["read"] }');
  await bao.admin.send('POST', 'secret/data/app', { data: { value: 'of root' } });
  await bao.admin.send('POST', 'sys/namespaces/team');
  const team = bao.adminIn('team');
  await team.mount('secret', '2');
  await team.policy('app', 'path "secret/*" { capabilities = ["read"] }');
  await team.send('POST', 'secret/data/app', { data: { value: 'of the team' } });
  await team.send('POST', 'sys/auth/approle', { type: 'approle' });
});
afterAll(() => bao?.stop());
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function provider(variables: Variables) {
  const asked: string[] = [];
  const clock = new ShiftedClock();
  const events = {
    emit(event: ProductEvent) {
      if (event.type === 'provider.request-completed') asked.push(`${event.operation} ${event.outcome}`);
    },
  };
  const instance = providerOf({ OPENBAO_ADDR: bao.address, ...variables }, clock, events);
  closing.push(() => instance.close());
  return { instance, asked, clock };
}

const failure = (instance: ProviderInstance, path: string) =>
  vaultErrorOf(instance.secrets.read(refTo(path, { provider: 'openbao' }), soon()));

test('OpenBao says of a dead token what it says of a policy, and one question tells them apart', async () => {
  const token = await bao.admin.token('app');
  const { instance, asked, clock } = provider({ OPENBAO_TOKEN: token });
  expect(await readTextOf(instance, refTo('app'))).toBe('of root');
  const refused = await failure(instance, 'other');
  expect(refused.code).toBe('ACCESS_DENIED');
  expect(refused.message).toBe(
    'openbao secret/other: the policy of the login does not allow reading it; add path "secret/data/other" { capabilities = ["read"] }',
  );
  expect(asked.filter((text) => text.startsWith('lookup'))).toEqual(['lookup ok', 'lookup ok']);
  await bao.admin.revoke(token);
  // That it was alive a moment ago counts for a second.
  clock.advance(1_000);
  const dead = await failure(instance, 'app');
  expect(dead).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(dead.message).toContain('renew OPENBAO_TOKEN');
});

test('a namespace of OpenBao has its own secrets, logins and policies', async () => {
  const { roleId, secretId } = await bao.adminIn('team').appRole('app', ['app']);
  const login = { OPENBAO_AUTH_METHOD: 'approle', OPENBAO_ROLE_ID: roleId, OPENBAO_SECRET_ID: secretId };
  const { instance, asked } = provider({ ...login, OPENBAO_NAMESPACE: 'team' });
  expect(await readTextOf(instance, refTo('app'))).toBe('of the team');
  expect((await probeAll(instance, refTo('app')))[0]?.kind).toBe('marker');
  await bao.adminIn('team').send('POST', 'sys/leases/revoke-prefix/auth/approle');
  expect(await readTextOf(instance, refTo('app'))).toBe('of the team');
  expect(asked.filter((text) => text.startsWith('login'))).toEqual(['login ok', 'login ok']);
  const elsewhere = provider(login);
  expect(await failure(elsewhere.instance, 'app')).toMatchObject({
    code: 'UNAUTHENTICATED',
    message: expect.stringContaining('check OPENBAO_ROLE_ID and OPENBAO_SECRET_ID'),
  });
});

test('a namespace that is locked or does not exist is an outage, and no word about its secrets', async () => {
  const { roleId, secretId } = await bao.adminIn('team').appRole('locked', ['app']);
  const login = { OPENBAO_AUTH_METHOD: 'approle', OPENBAO_ROLE_ID: roleId, OPENBAO_SECRET_ID: secretId };
  const { instance } = provider({ ...login, OPENBAO_NAMESPACE: 'team' });
  expect(await readTextOf(instance, refTo('app'))).toBe('of the team');
  const { unlock_key: key } = await bao.admin.send('POST', 'sys/namespaces/api-lock/lock/team', {});
  const locked = await failure(instance, 'app');
  await bao.admin.send('POST', 'sys/namespaces/api-lock/unlock/team', { unlock_key: String(key) });
  expect(locked).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('locked the namespace') });
  expect(await readTextOf(instance, refTo('app'))).toBe('of the team');
  expect(await failure(provider({ ...login, OPENBAO_NAMESPACE: 'nowhere' }).instance, 'app')).toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('no such namespace'),
  });
});
