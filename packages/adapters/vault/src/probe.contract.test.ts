import { probeAll, soon, vaultErrorOf } from '@vault-swarm/lab/provider-calls';
import { type ProviderInstance, parseLosslessJson } from '@vault-swarm/provider';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { markerFrom, providerOf, refTo } from './testing/configured.ts';
import { type RealVault, startRealVault } from './testing/real-vault.ts';
import type { VaultAdmin } from './testing/vault-admin.ts';

let vault: RealVault;
let admin: VaultAdmin;
const open: ProviderInstance[] = [];

beforeAll(async () => {
  vault = await startRealVault();
  ({ admin } = vault);
  await admin.send('POST', 'secret/config', { max_versions: parseLosslessJson('100') });
});
afterAll(async () => {
  for (const instance of open) await instance.close();
  await vault?.stop();
});

const write = (path: string, value: string) => admin.send('POST', `secret/data/${path}`, { data: { value } });
const versions = (...numbers: readonly number[]) => ({
  versions: numbers.map((number) => parseLosslessJson(`${number}`)),
});

/** A provider that may read values, and ask only these of the questions about versions. */
async function allowedTo(...questions: readonly string[]): Promise<ProviderInstance> {
  const name = `asks-${questions.join('-')}`;
  const paths = ['data', ...questions].map((part) => `path "secret/${part}/*" { capabilities = ["read"] }`);
  await admin.policy(name, paths.join('\n'));
  const instance = providerOf({ VAULT_ADDR: vault.address, VAULT_TOKEN: await admin.token(name) });
  open.push(instance);
  return instance;
}

describe('the two questions about versions of a real KV v2', () => {
  test('give the same marker for the same state, and another one exactly when a read has another outcome', async () => {
    const byDocument = await allowedTo('metadata');
    const bySubkeys = await allowedTo('subkeys');
    const seen = new Map<string, string>();
    const look = async (ref = refTo('states')) => {
      const marker = await markerFrom(byDocument, ref);
      const [other] = await probeAll(bySubkeys, ref);
      const read = await byDocument.secrets.read(ref, soon()).catch(({ message }: Error) => message);
      const isRead = typeof read === 'object';
      expect(other).toEqual({ kind: 'marker', marker, ...(isRead ? { revision: read.revision } : {}) });
      const outcome = isRead ? read.revision : read;
      // Each marker belongs to one outcome, and each outcome to one marker.
      expect(seen.get(marker) ?? outcome).toBe(outcome);
      seen.set(marker, outcome);
      expect([...seen.values()].filter((known) => known === outcome)).toHaveLength(1);
      return marker;
    };

    await write('states', 'one');
    const first = await look();
    await admin.send('POST', 'secret/metadata/states', { custom_metadata: { owner: 'team' } });
    expect(await look()).toBe(first);
    await write('states', 'two');
    expect(await look()).toMatch(/^2@.* live$/);
    await admin.send('DELETE', 'secret/data/states');
    expect(await look()).toMatch(/^2@.* deleted$/);
    await admin.send('POST', 'secret/undelete/states', versions(2));
    expect(await look()).toMatch(/^2@.* live$/);
    await admin.send('PUT', 'secret/destroy/states', versions(2));
    expect(await look()).toMatch(/^2@.* destroyed$/);
    expect(await look(refTo('states', { pin: '1' }))).toBe(first);
    await admin.send('POST', 'secret/delete/states', versions(1));
    expect(await look(refTo('states', { pin: '1' }))).toMatch(/^1@.* deleted$/);
  });

  test('notice that a version has come to its delete_version_after', async () => {
    await admin.send('POST', 'secret/metadata/short', { delete_version_after: '1s' });
    await write('short', 'soon gone');
    const instances = [await allowedTo('metadata'), await allowedTo('subkeys')];
    const markers = async () =>
      Promise.all(
        instances.map(async (instance) => {
          const [result] = await probeAll(instance, refTo('short'));
          return result?.kind === 'marker' ? result.marker.split(' ')[1] : result;
        }),
      );
    expect(await markers()).toEqual(['live', 'live']);
    await expect.poll(markers, { interval: 100 }).toEqual(['deleted', 'deleted']);
    for (const instance of instances) {
      expect((await vaultErrorOf(instance.secrets.read(refTo('short'), soon()))).code).toBe('NOT_FOUND');
    }
  });

  test('are asked in turn: the document first, the subkeys once it was long', async () => {
    for (let number = 1; number <= 60; number++) await write('long', `${number}`);
    const instance = await allowedTo('metadata', 'subkeys');
    const first = await probeAll(instance, refTo('long'), refTo('long', { pin: '59' }));
    expect(first.map((result) => result.kind)).toEqual(['marker', 'marker']);
    // Only the subkeys can answer now.
    await admin.policy('asks-metadata-subkeys', 'path "secret/subkeys/*" { capabilities = ["read"] }');
    expect(await probeAll(instance, refTo('long'), refTo('long', { pin: '59' }))).toEqual(first);
  });

  test('say NOT_FOUND if there is no such secret; without the document a read decides', async () => {
    const [none] = await probeAll(await allowedTo('metadata', 'subkeys'), refTo('none'));
    expect(none).toMatchObject({ kind: 'failed', error: { code: 'NOT_FOUND' } });
    const [unsure] = await probeAll(await allowedTo('subkeys'), refTo('none'));
    expect(unsure).toMatchObject({ kind: 'unsupported' });
  });
});
