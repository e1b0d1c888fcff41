import { randomBytes } from 'node:crypto';
import type { WriteOutcome } from '@vault-swarm/rotation';
import { describe, expect, it } from 'vitest';
import type { DockerCall, DockerConnection } from './connection.ts';
import { DockerError } from './docker-error.ts';
import { DockerLedgerStore, ledgerName } from './ledger-store.ts';
import { zstdBomb } from './testing/zstd-bomb.ts';

const { signal } = new AbortController();
const lost = new DockerError('socket hang up');
const missing = new DockerError('config not found', 404);
const clock = { now: () => 0, monotonic: () => 0, after: () => () => undefined };

function store(answer: (call: DockerCall) => string | Error): DockerLedgerStore {
  const connection: DockerConnection = {
    call: async (call, read) => {
      const given = answer(call);
      if (given instanceof Error) throw given;
      return read(
        (async function* () {
          yield Buffer.from(given);
        })(),
      );
    },
    open: () => Promise.reject(new Error('not here')),
    close: () => undefined,
  };
  return new DockerLedgerStore(connection, { name: 'vault.ledger', clock, keys: null });
}

const config = (index: number, text: string) =>
  JSON.stringify({ ID: 'c', Version: { Index: index }, Spec: { Labels: { 'vault-swarm.ledger': text } } });

describe('the ledger in a config object', () => {
  it.each<[string, string | null, string | Error, WriteOutcome]>([
    ['first', null, config(1, 'new'), 'applied'],
    ['first', null, config(1, 'else'), 'conflict'],
    ['first', null, missing, 'unknown'],
    ['next', 'c/1', config(2, 'new'), 'applied'],
    ['next', 'c/1', config(2, 'else'), 'conflict'],
    ['next', 'c/1', config(1, 'old'), 'unknown'],
    ['next', 'c/1', missing, 'conflict'],
    ['next', 'c/1', lost, 'unknown'],
  ])('a %s write (version %s) whose answer was lost, with %s there then: %s', async (_, version, after, outcome) => {
    const written = store(({ method }) => (method === 'POST' ? lost : after)).compareAndSet(version, 'new', { signal });
    expect(await written).toBe(outcome);
  });

  it('tells its size as it was last read or written, and the largest that there may be', async () => {
    let there: string | Error = missing;
    const ledger = store(() => there);
    expect(ledger.size).toEqual({ bytes: null, limitBytes: 1_500_000 });
    there = config(1, 'säge');
    await ledger.read({ signal });
    expect(ledger.size.bytes).toBe(5);
    await ledger.compareAndSet('c/1', 'longer text', { signal });
    expect(ledger.size.bytes).toBe(11);
    there = missing;
    await ledger.read({ signal });
    expect(ledger.size.bytes).toBeNull();
  });

  it('counts an object without our label as empty', async () => {
    const found = await store(() => '{"ID":"c","Version":{"Index":3},"Spec":{"Labels":null}}').read({ signal });
    expect(found).toMatchObject({ kind: 'text', text: '', version: 'c/3' });
  });

  it('refuses a text that no Raft entry can hold, with its size', async () => {
    const write = store(() => '{}').compareAndSet(null, randomBytes(1_200_000).toString('base64'), { signal });
    await expect(write).rejects.toThrow(/the ledger has 1\d{6} bytes; Swarm takes at most 1500000/);
  });

  it('compresses a long text, which is read again as it was, and leaves a short one to be read by people', async () => {
    const labels: string[] = [];
    const keeping = store(({ body }) => {
      const written = (body as { Labels: Record<string, string> } | undefined)?.Labels['vault-swarm.ledger'];
      if (written !== undefined) labels.push(written);
      return config(1, labels.at(-1) ?? '');
    });
    for (const text of ['short', 'ä long one '.repeat(20_000)]) {
      await keeping.compareAndSet(null, text, { signal });
      expect(await keeping.read({ signal })).toMatchObject({ text });
    }
    expect(labels.map((label) => label.length < 1_000)).toEqual([true, true]);
    expect(labels[0]).toBe('short');
  });

  it('takes a label that can not be decompressed for what it is', async () => {
    expect(await store(() => config(1, 'zstd:AAAA')).read({ signal })).toMatchObject({ text: 'zstd:AAAA' });
  });

  it('decompresses no more than the longest text that there may be', async () => {
    const label = await zstdBomb(16);
    expect(await store(() => config(1, label)).read({ signal })).toMatchObject({ text: '\0'.repeat(16 * 1024 * 1024) });
    for (const bomb of [await zstdBomb(17), await zstdBomb(256), await zstdBomb(1, 27)]) {
      expect(await store(() => config(1, bomb)).read({ signal })).toMatchObject({ text: bomb });
    }
  });

  it('refuses a text that would not be read again', async () => {
    const write = store(() => '{}').compareAndSet(null, ' '.repeat(16 * 1024 * 1024 + 1), { signal });
    await expect(write).rejects.toThrow("the ledger's text has 16777217 bytes; at most 16777216 can be read again");
  });

  it.each([
    ['vault-secrets-plugin', 'vault-secrets-plugin.ledger'],
    ['vault-secrets-plugin:latest', 'vault-secrets-plugin.ledger'],
    ['registry:5000/team/vault:1', 'registry-5000-team-vault.ledger'],
    ['x'.repeat(90), `${'x'.repeat(57)}.ledger`],
  ])('is named after the plugin %s: %s', (plugin, name) => {
    expect(ledgerName(plugin)).toBe(name);
    expect(name).toMatch(/^[a-zA-Z0-9]([a-zA-Z0-9-_.]{0,62}[a-zA-Z0-9])?$/);
  });
});
