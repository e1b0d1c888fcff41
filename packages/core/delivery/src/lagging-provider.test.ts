import type { SecretRef } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { byName, fails, gives, setUp, textOf } from './testing/delivery-fixture.ts';

const ref: SecretRef = { provider: 'vault', location: { path: 'db' }, encoding: 'raw' };

/** A provider whose revisions have an order. Cached values are never fresh here, so each request reads the value. */
function lagging(limits: Parameters<typeof setUp>[0] = {}) {
  const world = setUp({ cacheMaxAgeMs: 0, ...limits });
  world.old.order = byName;
  const sources = () => world.events.map((event) => (event.type === 'secret.delivered' ? event.source : event.type));
  return { ...world, sources };
}

test('once the newest value was given, an older answer never takes its place', async () => {
  const { answers, ask, delivered, sources } = lagging();
  answers.push(gives('one', 'r1'), gives('two', 'r2'), gives('one', 'r1'), gives('two', 'r2'), gives('one', 'r1'));
  const texts: string[] = [];
  for (let round = 0; round < 5; round++) texts.push(textOf(await ask()));
  expect(texts).toEqual(['one', 'two', 'two', 'two', 'two']);
  expect(delivered.map(({ revision }) => revision)).toEqual(['r1', 'r2', 'r2', 'r2', 'r2']);
  expect(sources()).toEqual(['provider', 'provider', 'cache', 'provider', 'cache']);
});

test('the same is true if no value may be served in an outage', async () => {
  const { answers, ask } = lagging({ staleIfErrorMs: 0 });
  answers.push(gives('two', 'r2'), gives('one', 'r1'));
  await ask();
  expect(textOf(await ask())).toBe('two');
});

test('a value in memory that is fresh is not given once somebody has seen a newer one', async () => {
  const { answers, ask, delivery, reads } = lagging({ cacheMaxAgeMs: 10_000 });
  answers.push(gives('one', 'r1'), gives('two', 'r2'));
  await ask();
  delivery.seen(ref, 'r2');
  expect(textOf(await ask())).toBe('two');
  expect(textOf(await ask())).toBe('two');
  expect(reads.length).toBe(2);
});

test('a read that gives an older value than was seen is repeated until it gives the newest', async () => {
  const { answers, ask, advance, delivery, sources } = lagging();
  delivery.seen(ref, 'r2');
  answers.push(gives('one', 'r1'), gives('one', 'r1'), gives('one', 'r1'), gives('two', 'r2'));
  const asking = Promise.all([ask(), ask()]);
  for (const delayMs of [0, 50, 100, 200]) await advance(delayMs);
  expect((await asking).map(textOf)).toEqual(['two', 'two']);
  expect(sources()).toEqual(['provider', 'provider']);
});

test('what was seen before its provider was ready counts as well', async () => {
  const { answers, ask, advance, delivery } = lagging();
  delivery.seen(ref, 'r2');
  answers.push(gives('one', 'r1'), gives('two', 'r2'));
  const asking = ask();
  for (const delayMs of [0, 50]) await advance(delayMs);
  expect(textOf(await asking)).toBe('two');
});

test('if the newest is not given within the deadline, the older value is, and nobody else waits for a while', async () => {
  const { answers, ask, advance, delivery, events, sources } = lagging();
  delivery.seen(ref, 'r2');
  answers.push(gives('one', 'r1'));
  const asking = ask();
  for (let waited = 0; waited < 2_000; waited += 50) await advance(50);
  expect(textOf(await asking)).toBe('one');
  expect(events.at(-1)).toMatchObject({ type: 'secret.delivered', source: 'stale', durationMs: expect.any(Number) });
  const last = events.at(-1);
  expect(last?.type === 'secret.delivered' && last.durationMs).toBeLessThanOrEqual(1_950);
  expect(textOf(await ask('db'))).toBe('one');
  delivery.seen({ ...ref, location: { path: 'other' } }, 'r2');
  expect(textOf(await ask('other'))).toBe('one');
  expect(sources()).toEqual(['stale', 'stale', 'stale']);
});

test('of an older value in memory and one that was read, the newer one is given', async () => {
  const { answers, ask, advance, delivery } = lagging();
  answers.push(gives('two', 'r2'));
  await ask();
  delivery.seen(ref, 'r3');
  const given: string[] = [];
  for (const [text, name] of [
    ['one', 'r1'],
    ['three minus', 'r2a'],
  ] as const) {
    answers.splice(0, 1, gives(text, name));
    const asking = ask();
    for (let waited = 0; waited < 2_000; waited += 50) await advance(50);
    given.push(textOf(await asking));
  }
  expect(given).toEqual(['two', 'three minus']);
});

test('an older value is current again once the provider gave nothing newer for a minute', async () => {
  const { answers, ask, advance, sources } = lagging();
  answers.push(gives('five', 'r5'), gives('three', 'r3'));
  expect([textOf(await ask()), textOf(await ask())]).toEqual(['five', 'five']);
  await advance(60_000);
  expect([textOf(await ask()), textOf(await ask())]).toEqual(['three', 'three']);
  expect(sources()).toEqual(['provider', 'cache', 'provider', 'provider']);
});

test('a probe that confirms the newest value shows that older answers are stale, however long they go on', async () => {
  const { answers, ask, advance, delivery } = lagging();
  answers.push(gives('two', 'r2'), gives('one', 'r1'));
  await ask();
  for (let round = 1; round <= 5; round++) {
    expect(textOf(await ask())).toBe('two');
    await advance(30_000);
    delivery.revalidate(ref, 'r2', round * 30_000);
  }
});

test('an old revision that a lagging provider does not have yet is not gone', async () => {
  const { answers, ask, delivery, old } = lagging();
  const { signal } = new AbortController();
  old.reader = { readRevision: fails('NOT_FOUND') };
  delivery.seen(ref, 'r2');
  await expect(delivery.ensureCached(ref, 'r2', { signal })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  answers.push(gives('two', 'r2'));
  await ask();
  expect(await delivery.ensureCached(ref, 'r2', { signal })).toBe(true);
  expect(await delivery.ensureCached(ref, 'r1', { signal })).toBe(false);
});

test('if a provider has no order the latest read counts, as ever', async () => {
  const { answers, ask, delivery, old } = lagging();
  old.order = null;
  delivery.seen(ref, 'r9');
  answers.push(gives('two', 'r2'), gives('one', 'r1'));
  expect([textOf(await ask()), textOf(await ask())]).toEqual(['two', 'one']);
  expect(delivery.newest(ref)).toBe('r1');
});
