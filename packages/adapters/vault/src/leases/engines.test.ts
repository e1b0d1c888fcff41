import { soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import type { SecretRef } from '@vault-swarm/provider';
import { afterEach, expect, test } from 'vitest';
import { ScriptedProviders } from '../testing/scripted-provider.ts';
import { data, type ScriptedAnswer, type SeenRequest } from '../testing/scripted-vault.ts';

const providers = new ScriptedProviders();
afterEach(() => providers.close());

/** An answer with a lease, as the documentation of the engine shows it. */
const lease = (fields: unknown, duration = 3_600, renewable = true): ScriptedAnswer => ({
  status: 200,
  json: { lease_id: 'an/id', lease_duration: duration, renewable, data: fields, auth: null },
});

/** A server with one mount of this engine. */
async function serverWith(type: string, answer: (request: SeenRequest) => ScriptedAnswer) {
  const { instance, vault } = await providers.start((request) => {
    if (request.path === `sys/internal/ui/mounts/${type}`) return data({ type, path: `${type}/` });
    return request.path.startsWith(`${type}/`) ? answer(request) : undefined;
  });
  const { leases } = instance;
  if (leases === null) throw new Error('the provider issues nothing');
  const requests = () => vault.seen.filter(({ path }) => path.startsWith(`${type}/`));
  return { leases, requests };
}

const ref = (mount: string, path: string, params: string | null = null): SecretRef => ({
  provider: 'vault',
  location: { mount, path },
  encoding: 'raw',
  lease: { params, settleMs: 0 },
});

/** Engines that the small Vault and OpenBao lack, or that need another server. */
test.each([
  ['aws', 'creds/deploy', null, lease({ access_key: 'AKIA', secret_key: 's', session_token: null })],
  [
    'aws',
    'sts/deploy',
    '{"ttl":"1h"}',
    lease({ access_key: 'ASIA', secret_key: 's', session_token: 't' }, 3_599, false),
  ],
  ['rabbitmq', 'creds/app', null, lease({ username: 'token-1', password: 'p' })],
  ['kubernetes', 'creds/app', '{"kubernetes_namespace":"a"}', lease({ service_account_token: 't' }, 600, false)],
  ['ldap', 'creds/ou/app', null, lease({ username: 'v_1', password: 'p', distinguished_names: ['cn=v_1'] }, 60)],
  ['consul', 'creds/app', null, lease({ accessor: 'a', token: 't' })],
  ['acme-plugin', 'creds/app', null, lease({ key: 'k' })],
])('the engine %s issues at %s with %s', async (type, path, params, answer) => {
  const { leases, requests } = await serverWith(type, () => answer);
  const { data: fields, lease_duration: seconds, renewable } = (answer as { json: Record<string, unknown> }).json;
  expect(await leases.issue(ref(type, path, params), null, soon())).toEqual({
    payload: { kind: 'fields', fields },
    leaseId: 'an/id',
    durationMs: Number(seconds) * 1_000,
    renewable,
    notAfterMs: null,
    tokenTtlMs: null,
  });
  expect(requests().map(({ method, body }) => [method, body])).toEqual([
    [params === null ? 'GET' : 'POST', params ?? ''],
  ]);
});

test.each([
  ['transit', 'creds/app'],
  ['transit', 'export/encryption-key/k'],
  ['totp', 'code/app'],
  ['kv', 'creds/app'],
  ['identity', 'creds/app'],
  ['database', 'config/app'],
  ['aws', 'config/root'],
  ['pki', 'cert/ca'],
  ['acme-plugin', 'config'],
])('of the engine %s nothing is requested at %s', async (type, path) => {
  const { leases, requests } = await serverWith(type, () => lease({ key: 'k' }));
  expect(await vaultErrorOf(leases.issue(ref(type, path), null, soon()))).toMatchObject({ code: 'INVALID_REF' });
  expect(requests()).toEqual([]);
});

test('an answer without a lease is refused: it could not be kept alive or revoked', async () => {
  const { leases } = await serverWith('rabbitmq', () => data({ username: 'u', password: 'p' }));
  expect(await vaultErrorOf(leases.issue(ref('rabbitmq', 'creds/app'), null, soon()))).toMatchObject({
    code: 'INVALID_REF',
    message: expect.stringContaining('neither a lease nor a certificate that ends'),
  });
});

test('an answer of another engine than the mount has is refused', async () => {
  const { leases } = await serverWith('rabbitmq', () => ({
    status: 200,
    json: { lease_id: 'an/id', lease_duration: 1, renewable: true, data: { key: 'k' }, mount_type: 'transit' },
  }));
  expect(await vaultErrorOf(leases.issue(ref('rabbitmq', 'creds/app'), null, soon()))).toMatchObject({
    code: 'INVALID_REF',
    message: expect.stringContaining('does not come from an engine of the kind rabbitmq'),
  });
});

test.each(['cut', { status: 502, json: 'a proxy' }, { status: 500, json: { errors: ['it broke'] } }] as const)(
  'an issue whose answer is %o is sent once',
  async (answer) => {
    const { leases, requests } = await serverWith('database', () => answer);
    expect(await vaultErrorOf(leases.issue(ref('database', 'creds/app'), null, soon()))).toMatchObject({
      code: 'UNAVAILABLE',
    });
    expect(requests()).toHaveLength(1);
  },
);
