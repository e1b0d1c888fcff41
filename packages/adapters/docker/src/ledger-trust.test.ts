import { randomBytes } from 'node:crypto';
import type { LedgerRecord } from '@vault-swarm/rotation';
import { beforeEach, describe, expect, it } from 'vitest';
import { DockerLedgerStore } from './ledger-store.ts';
import type { LedgerKeys } from './ledger-trust.ts';
import { ConfigObject } from './testing/config-object.ts';
import { zstdBomb } from './testing/zstd-bomb.ts';

const { signal } = new AbortController();
const MINUTE_MS = 60_000;
const key = 'the key of all managers';
const LEDGER = 'vault-swarm.ledger';
const SIGNATURE = 'vault-swarm.ledger.signature';

let nowMs: number;
let config: ConfigObject;

beforeEach(() => {
  nowMs = Date.UTC(2026, 10, 29);
  config = new ConfigObject(() => nowMs);
});

/** A manager's process that has just started. */
function start(keys: Partial<LedgerKeys> | null = {}, aheadMs = 0): DockerLedgerStore {
  return new DockerLedgerStore(config.connection(), {
    name: 'vault.ledger',
    clock: { now: () => nowMs + aheadMs, monotonic: () => nowMs, after: () => () => undefined },
    keys: keys === null ? null : { key, previousKey: null, acceptUnsigned: false, ...keys },
  });
}

const read = (store: DockerLedgerStore) => store.read({ signal });
/** What a reader acts on; `null` where it acts on nothing. */
const textOf = (record: LedgerRecord | null) => (record?.kind === 'text' ? record.text : null);
const messageOf = (record: LedgerRecord | null) => (record?.kind === 'untrusted' ? record.message : null);

async function write(store: DockerLedgerStore, text: string): Promise<void> {
  const before = await read(store);
  nowMs += 1_000;
  expect(await store.compareAndSet(before?.version ?? null, text, { signal })).toBe('applied');
}

describe('a ledger that is signed', () => {
  it('is trusted by every manager that has the key', async () => {
    await write(start(), 'first');
    expect(await read(start())).toMatchObject({ text: 'first', mustRewrite: false, warning: null });
    await write(start(), 'second');
    expect(textOf(await read(start()))).toBe('second');
    // Long ones are compressed.
    await write(start(), 'x'.repeat(100_000));
    expect(textOf(await read(start()))).toHaveLength(100_000);
  });

  it('is not acted on if anything of it was changed, and says what to do', async () => {
    await write(start(), 'revision 7');
    const { [LEDGER]: label = '', [SIGNATURE]: signature = '' } = config.labels;
    const [version, keyId, sequence, atMs, code = ''] = signature.split('.');
    const forged: Record<string, string>[] = [
      { [LEDGER]: 'revision 6', [SIGNATURE]: signature },
      { [LEDGER]: `${label} `, [SIGNATURE]: signature },
      { [LEDGER]: label, [SIGNATURE]: `${version}.${keyId}.${Number(sequence) + 1}.${atMs}.${code}` },
      { [LEDGER]: label, [SIGNATURE]: `${version}.${keyId}.${sequence}.${Number(atMs) + 1}.${code}` },
      { [LEDGER]: label, [SIGNATURE]: `${version}.${keyId}.${sequence}.${atMs}.${'A'.repeat(43)}` },
      { [LEDGER]: label, [SIGNATURE]: code },
      { [LEDGER]: label, [SIGNATURE]: '' },
      { [LEDGER]: label },
      { [SIGNATURE]: signature },
      {},
    ];
    for (const labels of forged) {
      config.put(labels);
      const record = await read(start());
      expect(textOf(record)).toBeNull();
      expect(messageOf(record)).toMatch(
        /integrity code.*docker config rm vault\.ledger; running tasks then count as up to date/s,
      );
    }
  });

  it("is not another plugin's, though that has the same key", async () => {
    const other = { name: 'other.ledger', keys: { key, previousKey: null, acceptUnsigned: false } };
    const clock = { now: () => nowMs, monotonic: () => nowMs, after: () => () => undefined };
    await write(new DockerLedgerStore(config.connection(), { ...other, clock }), 'of the other');
    expect(textOf(await read(start()))).toBeNull();
  });

  it('is not decompressed before its signature was checked', async () => {
    await write(start(), 'ours');
    config.put({ ...config.labels, [LEDGER]: await zstdBomb(16) });
    expect(textOf(await read(start()))).toBeNull();
  });
});

describe('an older ledger that somebody puts in the place of the newest', () => {
  it('is not acted on by a process that knows a newer one: that is given, to be written again, with a warning', async () => {
    const leader = start();
    await write(leader, 'old');
    const old = config.labels;
    await write(leader, 'new');
    config.put(old);
    const found = await read(leader);
    expect(found).toMatchObject({ kind: 'text', text: 'new', mustRewrite: true });
    expect(found?.kind === 'text' && found.warning).toMatch(/older copy.*who can write configs/s);
    expect(await leader.compareAndSet(found?.version ?? null, 'new', { signal })).toBe('applied');
    expect(await read(leader)).toMatchObject({ text: 'new', mustRewrite: false, warning: null });
    expect(await read(start())).toMatchObject({ text: 'new', mustRewrite: false, warning: null });
  });

  it('is found by a standby too, which has only read the newest', async () => {
    const [leader, standby] = [start(), start()];
    await write(leader, 'old');
    const old = config.labels;
    await write(leader, 'new');
    expect(textOf(await read(standby))).toBe('new');
    config.put(null);
    config.put(old);
    expect(await read(standby)).toMatchObject({ text: 'new', mustRewrite: true });
  });

  it('is not acted on by a process that starts later, when it was written long after it was signed', async () => {
    const leader = start();
    await write(leader, 'old');
    const old = config.labels;
    await write(leader, 'new');
    nowMs += 11 * MINUTE_MS;
    config.put(old);
    const record = await read(start());
    expect(textOf(record)).toBeNull();
    expect(messageOf(record)).toMatch(/is a copy of the one of 2026-11-29T00:00:01\.000Z/);
  });

  it('is found also after the newest was removed and a new one made', async () => {
    await write(start(), 'old');
    const old = config.labels;
    config.put(null);
    nowMs += MINUTE_MS;
    const leader = start();
    await write(leader, 'new');
    config.put(old);
    expect(textOf(await read(leader))).toBe('new');
  });

  it('is not seen in the answer of a manager that does not know the newest yet', async () => {
    const leader = start();
    await write(leader, 'old');
    const old = config.object;
    await write(leader, 'new');
    expect(textOf(await read(leader))).toBe('new');
    config.object = old;
    expect(await read(leader)).toMatchObject({ text: 'old', mustRewrite: false, warning: null });
  });

  it('is not seen in an answer that was on its way while this process wrote', async () => {
    const leader = start();
    await write(leader, 'old');
    const reading = read(leader);
    const before = await read(leader);
    expect(await leader.compareAndSet(before?.version ?? null, 'new', { signal })).toBe('applied');
    expect(await reading).toMatchObject({ text: 'old', warning: null });
  });
});

describe('managers whose clocks differ', () => {
  it.each([-9, 9, 24 * 60])('trust what one wrote whose clock is %i minutes ahead', async (aheadMinutes) => {
    await write(start({}, aheadMinutes * MINUTE_MS), 'first');
    const other = start();
    expect(textOf(await read(other))).toBe('first');
    await write(other, 'second');
    expect(textOf(await read(start({}, aheadMinutes * MINUTE_MS)))).toBe('second');
  });
});

describe('a key that is given later, replaced, or forgotten', () => {
  it('does not act on a ledger without a signature', async () => {
    await write(start(null), 'unsigned');
    expect(messageOf(await read(start()))).toMatch(/has no integrity code.*LEDGER_ACCEPT_UNSIGNED=true/s);
  });

  it('signs one without a signature if the operator said so, and takes none again', async () => {
    await write(start(null), 'unsigned');
    const unsigned = config.labels;
    const leader = start({ acceptUnsigned: true });
    const standby = start({ acceptUnsigned: true });
    // As long as an earlier version writes, all is read.
    await write(start(null), 'unsigned');
    for (const store of [leader, standby])
      expect(await read(store)).toMatchObject({ text: 'unsigned', mustRewrite: true });
    await write(leader, 'signed');
    for (const store of [leader, standby])
      expect(await read(store)).toMatchObject({ text: 'signed', mustRewrite: false });
    config.put(unsigned);
    for (const store of [leader, standby]) expect(textOf(await read(store))).toBeNull();
  });

  it('trusts what the key before has signed, signs it by its own, and says so to one that has only the key before', async () => {
    const before = start({ key: 'before' });
    await write(before, 'first');
    const leader = start({ previousKey: 'before' });
    expect(await read(leader)).toMatchObject({ text: 'first', mustRewrite: true, warning: null });
    await write(leader, 'first');
    expect(await read(start())).toMatchObject({ text: 'first', mustRewrite: false });
    expect(messageOf(await read(before))).toMatch(
      /not made with our LEDGER_KEY; the id of our key is \S{8}, that of .* \S{8}\. Set the same/,
    );
  });

  it('is missed by a plugin without it, which does not write over what others have signed', async () => {
    await write(start(), 'signed');
    expect(messageOf(await read(start(null)))).toMatch(/has no LEDGER_KEY to check it/);
  });

  it('signs a ledger of any length within what Swarm takes', async () => {
    const text = randomBytes(1_120_000).toString('base64');
    await write(start(), text);
    expect(textOf(await read(start()))).toBe(text);
  });
});
