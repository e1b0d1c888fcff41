import {
  AccessGuard,
  type AccessPolicy,
  ALLOW_ALL,
  createInstance,
  LabelReader,
  type Payload,
  ProviderError,
  parseLosslessJson,
  type SecretRef,
  type SecretValue,
  selectValue,
} from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { SecretCheck } from './secret-check.ts';

const { signal } = new AbortController();
const SECRET = 'correct-horse';
const scheme = {
  kind: 'vault',
  names: ['vault_path', 'vault_field', 'vault_version', 'vault_lease'],
  target: (labels: Readonly<Record<string, string>>, defaultPath: () => string) => ({
    location: { path: labels.vault_path ?? defaultPath() },
    ...(labels.vault_field === undefined ? {} : { field: labels.vault_field }),
    ...(labels.vault_version === undefined ? {} : { pin: labels.vault_version }),
    ...(labels.vault_lease === undefined ? {} : { lease: { params: null, settleMs: 0 } }),
  }),
};

function setUp(stored: string | Payload | ProviderError, policy: AccessPolicy = ALLOW_ALL) {
  const reads: SecretRef[] = [];
  const values: SecretValue[] = [];
  const payload: Payload | ProviderError =
    typeof stored === 'string' ? { kind: 'fields', fields: parseLosslessJson(stored) as never } : stored;
  const instance = createInstance({
    name: 'vault',
    secrets: {
      read: async (ref) => {
        reads.push(ref);
        if (payload instanceof ProviderError) throw payload;
        const value = selectValue(payload, ref);
        values.push(value);
        return { value, revision: '3' };
      },
    },
  });
  const secretCheck = new SecretCheck({
    labels: new LabelReader([{ name: 'vault', scheme }]),
    access: new AccessGuard(policy),
    findProvider: async () => instance,
    findDecryptor: () => Promise.reject(new ProviderError('INVALID_REF', 'no decryption')),
    clock: { now: () => 0, monotonic: () => 0, after: () => () => undefined },
  });
  const check = (labels: Readonly<Record<string, string>>, asksProvider = true) =>
    secretCheck.check({ name: 'db', labels, service: 'shop_web', stack: 'shop' }, { asksProvider, signal });
  return { check, reads, values };
}

test('shows where the value is, its revision and the names of the fields, and wipes each value that it read', async () => {
  const { check, values } = setUp(JSON.stringify({ password: SECRET, user: 'shop' }));
  const checked = await check({ vault_path: 'app/db', vault_field: 'password' });
  expect(checked).toEqual({
    ...{ ref: 'vault app/db, field password', provider: 'vault', rotate: 'auto', encoding: 'raw', isPinned: false },
    ...{ problem: null, reportedDenial: null, source: 'read', revision: '3', fields: ['password', 'user'] },
  });
  expect(JSON.stringify(checked)).not.toContain(SECRET);
  expect(values).toHaveLength(2);
  for (const value of values) expect(() => value.reveal()).toThrow('wiped');
});

test('names the fields if the one of the labels does not exist', async () => {
  const { check } = setUp(JSON.stringify({ password: SECRET, user: 'shop' }));
  const { problem, fields, revision } = await check({ vault_path: 'app/db', vault_field: 'pasword' });
  expect(problem?.code).toBe('NOT_FOUND');
  expect(problem?.message).toContain('it has password, user');
  expect([fields, revision]).toEqual([['password', 'user'], null]);
});

test('a value that can not be delivered is a problem: without bytes, or encoded otherwise', async () => {
  expect((await setUp('{"password": ""}').check({ vault_path: 'db' })).problem?.code).toBe('INVALID_PAYLOAD');
  const { problem } = await setUp('{"password": "not base64!"}').check({ vault_path: 'db', encoding: 'base64' });
  expect(problem?.message).toContain('not base64');
});

test('a secret that is one text has no fields', async () => {
  const { check } = setUp({ kind: 'bytes', bytes: new TextEncoder().encode(SECRET) });
  expect(await check({ vault_path: 'db' })).toMatchObject({ problem: null, fields: null, revision: '3' });
});

test('wrong labels are reported, and nothing is asked', async () => {
  const { check, reads } = setUp('{}');
  const { problem, ref } = await check({ vault_path: 'db', rotate: 'never' });
  expect([problem?.code, ref]).toEqual(['INVALID_REF', null]);
  expect(problem?.message).toContain('"rotate" = "never" must be one of');
  expect(reads).toEqual([]);
});

test('what the access policy denies is not asked of the provider; a policy that only reports says so', async () => {
  const granted = new Map([['vault', ['**']]]);
  const rule = { stacks: ['other'], services: null, grant: granted, versions: 'any' } as const;
  const policy: AccessPolicy = { ...ALLOW_ALL, default: 'deny', rules: [rule] };
  const { check, reads } = setUp('{"password": "x"}', policy);
  expect((await check({ vault_path: 'db' })).problem?.code).toBe('POLICY_DENIED');
  expect(reads).toEqual([]);
  const reported = setUp('{"password": "x"}', { ...policy, mode: 'report' });
  const checked = await reported.check({ vault_path: 'db' });
  expect(checked.problem).toBeNull();
  expect(checked.reportedDenial).toContain('denies service shop_web');
});

test('a client that may not cause reads learns what labels and policy say', async () => {
  const { check, reads } = setUp('{"password": "x"}');
  expect(await check({ vault_path: 'db', vault_version: '2' }, false)).toMatchObject({
    ...{ ref: 'vault db, version 2', isPinned: true, source: 'not-asked', problem: null, fields: null },
  });
  expect(reads).toEqual([]);
});

test('no credential is issued', async () => {
  const { check, reads } = setUp('{}');
  expect(await check({ vault_path: 'creds', vault_lease: 'service' })).toMatchObject({
    source: 'issues',
    problem: null,
  });
  expect(reads).toEqual([]);
});

test('a provider that does not answer is the problem, and is asked once', async () => {
  const { check, reads } = setUp(new ProviderError('UNAVAILABLE', 'vault is sealed'));
  expect((await check({ vault_path: 'db' })).problem).toEqual({ code: 'UNAVAILABLE', message: 'vault is sealed' });
  expect(reads).toHaveLength(1);
});
