import { ProviderError, refKey, type SecretRef } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { byName, fails, gives, hangs, revision, setUp, textOf } from './testing/delivery-fixture.ts';

const ref: SecretRef = { provider: 'vault', location: { path: 'db' }, encoding: 'raw' };
const { signal } = new AbortController();
const chosen = (name: string, otherwise: 'current' | 'refuse' = 'current') =>
  ({ kind: 'revision', revision: name, otherwise }) as const;

test('gives the revision that was chosen, from the cache, whatever is current', async () => {
  const { answers, old, reads, ask, delivered } = setUp({ cacheMaxAgeMs: 0 });
  answers.push(gives('one', 'r1'), gives('two', 'r2'));
  await ask();
  await ask();
  old.choice = Promise.resolve(chosen('r1'));
  expect(textOf(await ask())).toBe('one');
  expect(reads.length).toBe(2);
  expect(delivered.map((entry) => entry.revision)).toEqual(['r1', 'r2', 'r1']);
});

test('a value that is not in memory is read beside the wait for the choice, and answered after it', async () => {
  const { answers, old, reads, ask, advance } = setUp();
  answers.push(gives('one', 'r1'));
  const choice = Promise.withResolvers<{ readonly kind: 'current' }>();
  old.choice = choice.promise;
  let answered = false;
  const asking = ask().finally(() => {
    answered = true;
  });
  await advance(100);
  expect([reads.length, answered]).toEqual([1, false]);
  choice.resolve({ kind: 'current' });
  expect(textOf(await asking)).toBe('one');
  expect(reads.length).toBe(1);
});

test('what was read beside the wait is not given if the choice names another revision', async () => {
  const { answers, old, ask, advance } = setUp();
  answers.push(gives('bad', 'r2'));
  old.reader = { readRevision: async (_ref, name) => revision('good', name) };
  const choice = Promise.withResolvers<ReturnType<typeof chosen>>();
  old.choice = choice.promise;
  const asking = ask();
  await advance(100);
  choice.resolve(chosen('r1', 'refuse'));
  expect(textOf(await asking)).toBe('good');
});

test('what was read beside the wait is read again if a newer revision became known with the choice', async () => {
  const { answers, old, ask, advance, delivery } = setUp();
  old.order = byName;
  answers.push(gives('older', 'r1'), gives('newer', 'r2'));
  const choice = Promise.withResolvers<{ readonly kind: 'current' }>();
  old.choice = choice.promise;
  const asking = ask();
  await advance(100);
  delivery.seen(ref, 'r2');
  choice.resolve({ kind: 'current' });
  await advance(100);
  expect(textOf(await asking)).toBe('newer');
});

test('what was read beside the wait is read again if a lockdown became known with the choice', async () => {
  const { answers, old, reads, ask, advance, delivery } = setUp();
  answers.push(gives('one', 'r1'));
  const choice = Promise.withResolvers<{ readonly kind: 'current' }>();
  old.choice = choice.promise;
  const asking = ask();
  await advance(100);
  delivery.lockDown(true);
  choice.resolve({ kind: 'current' });
  expect(textOf(await asking)).toBe('one');
  expect(reads.length).toBe(2);
});

test('reads it again if the provider keeps old revisions, once for all requests', async () => {
  const { old, ask } = setUp();
  const asked: string[] = [];
  old.reader = {
    readRevision: async (_ref, name) => {
      asked.push(name);
      return revision('one', name);
    },
  };
  old.choice = chosen('r1');
  expect((await Promise.all([ask(), ask(), ask()])).map(textOf)).toEqual(['one', 'one', 'one']);
  expect(textOf(await ask())).toBe('one');
  expect(asked).toEqual(['r1']);
});

test.each([
  ['keeps none', null],
  ['has lost it', { readRevision: fails('NOT_FOUND') }],
])('if the provider %s the current one is given instead, or none, as it was chosen', async (_, reader) => {
  const { answers, old, ask } = setUp();
  answers.push(gives('two', 'r2'));
  old.reader = reader;
  old.choice = chosen('r1');
  expect(textOf(await ask())).toBe('two');
  old.choice = chosen('r1', 'refuse');
  const answer = await ask();
  expect(answer).toMatchObject({ kind: 'refused', code: 'UNAVAILABLE' });
  expect(answer.kind === 'refused' && answer.message).toMatch(/write another value, or rotate manually/);
});

test('a provider that hangs costs half of the deadline if the current one may be given instead', async () => {
  const { answers, old, ask, advance, events } = setUp();
  answers.push(gives('two', 'r2'));
  await ask();
  old.reader = { readRevision: hangs };
  old.choice = chosen('r1');
  const asking = ask();
  await advance(975);
  expect(textOf(await asking)).toBe('two');
  expect(events.at(-1)).toMatchObject({ type: 'secret.delivered', durationMs: 975 });
});

test('refuses within the deadline if it may not', async () => {
  const { old, ask, advance } = setUp();
  old.reader = { readRevision: hangs };
  old.choice = chosen('r1', 'refuse');
  const asking = ask();
  await advance(1_950);
  expect(textOf(await asking)).toBe('DEADLINE');
});

test('what is retained outlives newer revisions, the limits, and the deletion at the provider', async () => {
  const { answers, old, ask, delivery, advance } = setUp({
    cacheMaxAgeMs: 0,
    cache: { maxRevisions: 2, maxBytes: 1_000_000 },
  });
  answers.push(gives('one', 'r1'), gives('two', 'r2'), gives('three', 'r3'), gives('other', 'o1'), gives('more', 'm1'));
  await ask();
  delivery.pin(new Map([[refKey(ref), new Set(['r1'])]]));
  for (const name of ['db', 'db', 'other', 'more']) await ask(name);
  answers.push(fails('NOT_FOUND'));
  answers.shift();
  await advance(1);
  expect(textOf(await ask())).toBe('NOT_FOUND');
  old.choice = chosen('r1', 'refuse');
  expect(textOf(await ask())).toBe('one');
  delivery.pin(new Map());
  expect(textOf(await ask())).toBe('one');
});

test('tells whether an old revision is available, and rejects if the provider does not answer', async () => {
  const { delivery, old } = setUp();
  expect(await delivery.ensureCached(ref, 'r1', { signal })).toBe(false);
  old.reader = { readRevision: async (_ref, name) => revision('one', name) };
  expect(await delivery.ensureCached(ref, 'r1', { signal })).toBe(true);
  old.reader = { readRevision: fails('UNAVAILABLE') };
  expect(await delivery.ensureCached(ref, 'r1', { signal })).toBe(true);
  await expect(delivery.ensureCached(ref, 'r0', { signal })).rejects.toThrow(ProviderError);
});

test('a choice that never comes costs the deadline and no more; what is in memory is then given', async () => {
  const { answers, old, ask, advance, asked } = setUp();
  answers.push(gives('one', 'r1'));
  await ask();
  answers[0] = hangs;
  old.choice = hangs();
  const asking = ask();
  const other = ask('other');
  await advance(1_950);
  await advance(0);
  expect(textOf(await asking)).toBe('one');
  expect(textOf(await other)).toBe('DEADLINE');
  // The choice had to end much sooner.
  expect(asked.at(-1)?.untilMs).toBe(975);
});

test('the deadline counts from when the request started to arrive', async () => {
  const { delivery, answers, advance, asked, events } = setUp({ deadlineMs: 500 });
  answers.push(hangs);
  await advance(400);
  const asking = delivery.get({ secretName: 'db', labels: { vault_path: 'db' } }, 0);
  expect(asked.at(-1)?.untilMs).toBe(425);
  await advance(50);
  expect(textOf(await asking)).toBe('DEADLINE');
  expect(events.at(-1)).toMatchObject({ type: 'delivery.failed', durationMs: 450 });
});
