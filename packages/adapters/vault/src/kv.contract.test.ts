import { readTextOf, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import {
  type ProbeResult,
  type ProviderError,
  type ProviderInstance,
  parseLosslessJson,
  refKey,
  type SecretRef,
} from '@vault-swarm/provider';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { markerFrom, providerOf, refTo } from './testing/configured.ts';
import { type RealVault, startRealVault } from './testing/real-vault.ts';
import type { VaultAdmin } from './testing/vault-admin.ts';

let vault: RealVault;
let admin: VaultAdmin;
let provider: ProviderInstance;

beforeAll(async () => {
  vault = await startRealVault();
  ({ admin } = vault);
  await admin.mount('plain', '1');
  provider = providerOf({ VAULT_ADDR: vault.address, VAULT_TOKEN: vault.token });
});
afterAll(async () => {
  await provider?.close();
  await vault?.stop();
});

function failure(ref: SecretRef, instance = provider): Promise<ProviderError> {
  return vaultErrorOf(instance.secrets.read(ref, soon()));
}

async function earlier(ref: SecretRef, at: string): Promise<Buffer | undefined> {
  const read = await provider.revisions?.readRevision(ref, at, soon());
  return read === undefined ? undefined : Buffer.from(read.value.reveal());
}

async function probe(ref: SecretRef, instance = provider): Promise<ProbeResult | undefined> {
  return (await instance.probe?.probe([ref], soon()))?.get(refKey(ref));
}

const revision = async (ref: SecretRef) => (await provider.secrets.read(ref, soon())).revision;
const write = (path: string, value: string) => admin.send('POST', `secret/data/${path}`, { data: { value } });

describe('values of a real Vault', () => {
  const fields = {
    long: parseLosslessJson('12345678901234567890'),
    decimal: parseLosslessJson('1.10'),
    yes: true,
    text: 'Grüße, 世界 🐙\n',
    'tls.crt': 'dotted',
    tls: { crt: 'nested', key: { size: parseLosslessJson('2048') } },
    binary: Buffer.from([0, 255, 128, 10]).toString('base64'),
  };

  test.each(['secret', 'plain'])('are delivered as Vault answers them, from %s', async (mount) => {
    await admin.send(
      'POST',
      mount === 'secret' ? 'secret/data/all' : 'plain/all',
      mount === 'secret' ? { data: fields } : fields,
    );
    const at = (field: string) => readTextOf(provider, refTo('all', { mount, field }));
    // KV v2 rounds numbers itself when they are written; its answer is what counts.
    expect(await at('long')).toBe(mount === 'secret' ? '12345678901234567000' : '12345678901234567890');
    expect(await at('decimal')).toBe(mount === 'secret' ? '1.1' : '1.10');
    expect(await at('yes')).toBe('true');
    expect(await at('text')).toBe('Grüße, 世界 🐙\n');
    expect(await at('tls.crt')).toBe('dotted');
    expect(await at('/tls/crt')).toBe('nested');
    expect(await at('tls.key.size')).toBe('2048');
    const binary = await provider.secrets.read(refTo('all', { mount, field: 'binary', encoding: 'base64' }), soon());
    expect([...binary.value.reveal()]).toEqual([0, 255, 128, 10]);
  });

  test('of paths with unusual characters are found', async () => {
    await admin.send('POST', `secret/data/${encodeURIComponent('a b+ü%2f?#')}/sys/health`, { data: { v: 'odd' } });
    expect(await readTextOf(provider, refTo('a b+ü%2f?#/sys/health'))).toBe('odd');
    expect((await failure(refTo('sys/health'))).code).toBe('NOT_FOUND');
  });
});

describe('versions of a real KV v2', () => {
  test('are read as pinned, and their revision is number and time', async () => {
    await write('pinned', 'one');
    await write('pinned', 'two');
    expect(await readTextOf(provider, refTo('pinned', { pin: '1' }))).toBe('one');
    expect(await readTextOf(provider, refTo('pinned'))).toBe('two');
    expect(await revision(refTo('pinned'))).toMatch(/^2@\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect((await failure(refTo('pinned', { pin: '9' }))).message).toBe(
      'vault secret/pinned, version 9: there is no such version of it',
    );
    expect(await probe(refTo('pinned', { pin: '9' }))).toMatchObject({ kind: 'failed', error: { code: 'NOT_FOUND' } });
  });

  test('that are deleted, destroyed or never were have messages of their own, and markers that change', async () => {
    const ref = refTo('going');
    expect(await failure(ref)).toMatchObject({
      code: 'NOT_FOUND',
      message: 'vault secret/going: there is no such secret',
    });
    await write('going', 'value');
    const live = await markerFrom(provider, ref);
    await admin.send('DELETE', 'secret/data/going');
    expect(await failure(ref)).toMatchObject({
      code: 'NOT_FOUND',
      message: 'vault secret/going: version 1 is deleted; undelete it, or write a new one',
    });
    const deleted = await markerFrom(provider, ref);
    await admin.send('POST', 'secret/undelete/going', { versions: [parseLosslessJson('1')] });
    expect(await markerFrom(provider, ref)).toBe(live);
    await admin.send('PUT', 'secret/destroy/going', { versions: [parseLosslessJson('1')] });
    expect(await failure(ref)).toMatchObject({
      code: 'NOT_FOUND',
      message: 'vault secret/going: version 1 was destroyed',
    });
    expect(new Set([live, deleted, await markerFrom(provider, ref)]).size).toBe(3);
  });

  test('that are pinned are reported as deleted or destroyed, and the current one is read', async () => {
    const pinned = (pin: string) => refTo('versions', { pin });
    for (const value of ['one', 'two', 'three']) await write('versions', value);
    await admin.send('POST', 'secret/delete/versions', { versions: [parseLosslessJson('1')] });
    await admin.send('PUT', 'secret/destroy/versions', { versions: [parseLosslessJson('2')] });
    const messages = [await failure(pinned('1')), await failure(pinned('2')), await failure(pinned('9'))];
    expect(messages.map(({ code, message }) => [code, message])).toEqual([
      ['NOT_FOUND', 'vault secret/versions, version 1: version 1 is deleted; undelete it, or write a new one'],
      ['NOT_FOUND', 'vault secret/versions, version 2: version 2 was destroyed'],
      ['NOT_FOUND', 'vault secret/versions, version 9: there is no such version of it'],
    ]);
    expect(await readTextOf(provider, refTo('versions'))).toBe('three');
  });

  test('have nothing of the custom metadata in them, and no other revision for it', async () => {
    await write('labelled', 'value');
    const before = await revision(refTo('labelled'));
    await admin.send('POST', 'secret/metadata/labelled', {
      custom_metadata: { value: 'of the metadata', owner: 'us' },
    });
    expect(await readTextOf(provider, refTo('labelled', { encoding: 'json' }))).toBe('{"value":"value"}');
    expect(await revision(refTo('labelled'))).toBe(before);
  });

  test('have another revision when the secret was deleted with its metadata and made again', async () => {
    await write('again', 'same');
    const before = [await revision(refTo('again')), await probe(refTo('again'))];
    await admin.send('DELETE', 'secret/metadata/again');
    await write('again', 'same');
    const after = [await revision(refTo('again')), await probe(refTo('again'))];
    expect(after[0]).toMatch(/^1@/);
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).not.toEqual(before[1]);
  });

  test('are read again by their revision, each field of them', async () => {
    const fields = refTo('earlier', { field: 'password' });
    const binary = refTo('earlier', { field: 'key', encoding: 'base64' });
    await admin.send('POST', 'secret/data/earlier', { data: { password: 'one', key: 'AP8=' } });
    const first = await revision(fields);
    await admin.send('POST', 'secret/data/earlier', { data: { other: 'two' } });
    expect(await earlier(fields, first)).toEqual(Buffer.from('one'));
    expect(await earlier(binary, first)).toEqual(Buffer.from([0, 255]));
    expect(await earlier(refTo('earlier'), await revision(refTo('earlier')))).toEqual(Buffer.from('two'));
    const [number, time] = first.split('@');
    for (const never of [`9@${time}`, `0@${time}`, `2@${time}`, `${number}@`, `${number}0${'0'.repeat(30)}@${time}`]) {
      expect((await vaultErrorOf(earlier(fields, never))).code, never).toBe('NOT_FOUND');
    }
  });

  test('are not read by their revision if they are deleted, destroyed or made again', async () => {
    const ref = refTo('gone');
    await write('gone', 'one');
    const first = await revision(ref);
    await write('gone', 'two');
    await admin.send('POST', 'secret/delete/gone', { versions: [parseLosslessJson('1')] });
    expect(await vaultErrorOf(earlier(ref, first))).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('vault secret/gone, version 1: version 1 is deleted'),
    });
    await admin.send('PUT', 'secret/destroy/gone', { versions: [parseLosslessJson('1')] });
    expect(await vaultErrorOf(earlier(ref, first))).toMatchObject({
      code: 'NOT_FOUND',
      message: 'vault secret/gone, version 1: version 1 was destroyed',
    });
    await admin.send('DELETE', 'secret/metadata/gone');
    expect(await vaultErrorOf(earlier(ref, first))).toMatchObject({
      code: 'NOT_FOUND',
      message: 'vault secret/gone, version 1: there is no such version of it',
    });
    await write('gone', 'one');
    expect(await vaultErrorOf(earlier(ref, first))).toMatchObject({
      code: 'NOT_FOUND',
      message:
        'vault secret/gone, version 1: the secret was deleted and created again, so this number is another version now',
    });
  });

  test('that are old are not found on KV v1', async () => {
    const ref = refTo('old', { mount: 'plain' });
    await admin.send('POST', 'plain/old', { value: 'x' });
    expect(await vaultErrorOf(earlier(ref, await revision(ref)))).toMatchObject({
      code: 'NOT_FOUND',
      message: 'vault plain/old: that revision is not of KV v2, and KV v1 keeps no old versions',
    });
    // As when the mount was KV v2 before.
    expect(await vaultErrorOf(earlier(ref, '1@2026-01-01T00:00:00Z'))).toMatchObject({
      code: 'NOT_FOUND',
      message: 'vault plain/old, version 1: the mount plain/ is KV v1, which keeps no old versions',
    });
  });

  test('are refused on KV v1', async () => {
    await admin.send('POST', 'plain/app', { value: 'x' });
    const pinned = refTo('app', { mount: 'plain', pin: '1' });
    expect((await failure(pinned)).code).toBe('INVALID_REF');
    expect(await probe(pinned)).toMatchObject({ kind: 'failed', error: { code: 'INVALID_REF' } });
    expect(await probe(refTo('app', { mount: 'plain' }))).toEqual({ kind: 'unsupported' });
  });
});
