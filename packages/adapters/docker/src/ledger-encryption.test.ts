import { randomBytes } from 'node:crypto';
import { type LeaseSet, serialiseLeases } from '@vault-swarm/rotation/ledger-format';
import { expect, test } from 'vitest';
import { MAX_LEASES } from './config.ts';
import type { DockerConnection } from './connection.ts';
import { DockerError } from './docker-error.ts';
import { type DockerLedgerOptions, DockerLedgerStore } from './ledger-store.ts';
import type { LedgerKeys } from './ledger-trust.ts';

const { signal } = new AbortController();
const NOW_MS = Date.UTC(2026, 10, 29);
const clock = { now: () => NOW_MS, monotonic: () => 0, after: () => () => undefined };
const LABEL = 'vault-swarm.ledger';
const ACCOUNTS = '{"format":1,"texts":["hvs.accessor-of-a-holder"],"sets":[],"holders":[]}';

const keysOf = (key: string, previousKey: string | null = null): LedgerKeys => ({
  ...{ key, previousKey, acceptUnsigned: false },
});

/** One config object of a Swarm, and stores for it. */
function swarm() {
  let labels: Record<string, string> | null = null;
  let index = 0;
  const connection: DockerConnection = {
    call: async ({ method, body }, read) => {
      if (method === 'POST') {
        labels = (body as { Labels: Record<string, string> }).Labels;
        index += 1;
      } else if (labels === null) throw new DockerError('config not found', 404);
      const config = {
        ID: 'c',
        Version: { Index: index },
        UpdatedAt: new Date(NOW_MS).toISOString(),
        Spec: { Labels: labels },
      };
      return read(
        (async function* () {
          yield Buffer.from(JSON.stringify(config));
        })(),
      );
    },
    open: () => Promise.reject(new Error('not here')),
    close: () => undefined,
  };
  const store = (
    keys: LedgerKeys | null,
    { encrypts = true, name = 'p.leases', ...texts }: Partial<DockerLedgerOptions> = {},
  ) => new DockerLedgerStore(connection, { name, clock, keys, encrypts, ...texts });
  return { store, label: () => labels?.[LABEL] ?? '', labels: () => labels ?? {} };
}

async function write(store: DockerLedgerStore, text = ACCOUNTS): Promise<void> {
  const version = (await store.read({ signal }))?.version ?? null;
  expect(await store.compareAndSet(version, text, { signal })).toBe('applied');
}

test('with a key the text is encrypted, differently each time, and is read again', async () => {
  const { store, label, labels } = swarm();
  await write(store(keysOf('key')));
  const first = label();
  expect(JSON.stringify(labels())).not.toContain('accessor');
  expect(await store(keysOf('key')).read({ signal })).toMatchObject({
    kind: 'text',
    text: ACCOUNTS,
    mustRewrite: false,
  });
  await write(store(keysOf('key')));
  expect(label()).not.toBe(first);
});

test('a text that an earlier version did not encrypt is read, and to be written again', async () => {
  const { store, label } = swarm();
  await write(store(keysOf('key'), { encrypts: false }));
  expect(label()).toBe(ACCOUNTS);
  const present = store(keysOf('key'));
  expect(await present.read({ signal })).toMatchObject({ text: ACCOUNTS, mustRewrite: true });
  await write(present);
  expect(await present.read({ signal })).toMatchObject({ text: ACCOUNTS, mustRewrite: false });
});

test('while the key is replaced, a text of the previous one is read, and to be written again', async () => {
  const { store } = swarm();
  await write(store(keysOf('old')));
  expect(await store(keysOf('new', 'old')).read({ signal })).toMatchObject({ text: ACCOUNTS, mustRewrite: true });
  await write(store(keysOf('new', 'old')));
  expect(await store(keysOf('new')).read({ signal })).toMatchObject({ text: ACCOUNTS, mustRewrite: false });
});

test('without the key, and with another one, nothing is read or overwritten', async () => {
  const { store } = swarm();
  await write(store(keysOf('key')));
  for (const keys of [null, keysOf('other'), keysOf('other', 'third')])
    expect((await store(keys).read({ signal }))?.kind).toBe('untrusted');
});

test('a text that is not trusted says what follows if its object is removed', async () => {
  const { store } = swarm();
  await write(store(null));
  const keyed = store(keysOf('key'), { whenRemoved: 'services get new credentials' });
  const message = /docker config rm p\.leases; services get new credentials$/;
  expect(await keyed.read({ signal })).toMatchObject({ kind: 'untrusted', message: expect.stringMatching(message) });
});

test('a label that was changed, or is of another object, is not decrypted', async () => {
  const { store, label, labels } = swarm();
  const accepting = { ...keysOf('key'), acceptUnsigned: true };
  await write(store(keysOf('key')));
  const encrypted = label();
  Reflect.deleteProperty(labels(), 'vault-swarm.ledger.signature');
  expect((await store(accepting).read({ signal }))?.kind).toBe('text');
  expect((await store(accepting, { name: 'q.leases' }).read({ signal }))?.kind).toBe('untrusted');
  labels()[LABEL] = `${encrypted.slice(0, -6)}AAAAA=`;
  expect((await store(accepting).read({ signal }))?.kind).toBe('untrusted');
});

/** The accounts of `count` leases of 500 services. Lease ids and accessors have 24 random characters, as Vault's. */
function accountsOf(count: number): string {
  const text = (bytes: number) => randomBytes(bytes).toString('base64url');
  const services = Array.from({ length: 500 }, () => text(18));
  const sets = Array.from({ length: count }, (_, index): LeaseSet => {
    const path = `creds/${text(6)}`;
    return {
      ...{ id: `3-${text(6)}`, serviceId: services[index % 500] ?? '', generation: 3, provider: 'vault', epoch: 2 },
      leaseKey: `["vault",[["mount","database"],["path","${path}"]],null,null,"raw",{"lease":null}]`,
      ...{ issuedAtMs: NOW_MS + index * 7919, leaseId: `database/${path}/${text(18)}`, renewalMs: 3_600_000 },
      ...{ endMs: index % 2 === 0 ? null : NOW_MS + index * 104_729, holder: text(18), knownUntilMs: NOW_MS + index },
    };
  });
  const holders = sets.map(({ holder, serviceId, generation, provider }) => ({
    ...{ accessor: holder ?? '', serviceId, generation, provider, ttlMs: 86_400_000 },
  }));
  return serialiseLeases({ sets, holders });
}

/** Older versions of Swarm take configs up to this size. */
const SMALL_CONFIG_BYTES = 500_000;

// 2,000 leases that a Vault issued for 1,000 services by 50 roles, each with its holder, needed 227 kB.
test('the accounts of 2,000 leases need less than half of a small config object', async () => {
  const accounts = accountsOf(2_000);
  for (const keys of [null, keysOf('key')]) {
    const store = swarm().store(keys);
    await write(store, accounts);
    expect(store.size.bytes).toBeGreaterThan(100_000);
    expect(store.size.bytes).toBeLessThan(SMALL_CONFIG_BYTES / 2);
  }
});

test('as many leases as LEASE_MAX allows fit in a config object', async () => {
  const store = swarm().store(keysOf('key'));
  await write(store, accountsOf(MAX_LEASES));
  expect(store.size.bytes).toBeGreaterThan(500_000);
});
