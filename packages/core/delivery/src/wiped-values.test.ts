import { type SecretRef, SecretValue } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { byName, fails, gives, setUp, textOf } from './testing/delivery-fixture.ts';

const ref: SecretRef = { provider: 'vault', location: { path: 'db' }, encoding: 'raw' };

/** An answer of the provider. The test checks its bytes. */
function watched(text: string, name: string) {
  const bytes = new TextEncoder().encode(text);
  const answer = async () => ({ value: new SecretValue(bytes), revision: name });
  return { answer, isWiped: () => bytes.every((byte) => byte === 0) };
}

test('a value that its provider withdrew is wiped, and the answers that were given of it are not', async () => {
  const { answers, ask, advance } = setUp();
  const { answer, isWiped } = watched('canary', 'r1');
  answers.push(answer, fails('NOT_FOUND'));
  const given = await ask();
  await advance(20_000);
  expect(textOf(await ask())).toBe('NOT_FOUND');
  await advance(0);
  expect(isWiped()).toBe(true);
  expect(textOf(given)).toBe('canary');
});

test('values that are replaced, make room, or are older than what is known of, are wiped', async () => {
  const { answers, ask, advance, delivery, old } = setUp({
    cacheMaxAgeMs: 0,
    cache: { maxRevisions: 2, maxBytes: 1_000 },
  });
  old.order = byName;
  const again = watched('one', 'r1');
  const late = watched('zero', 'r0');
  answers.push(again.answer, gives('one', 'r1'), late.answer, gives('other', 'r1'));
  await ask();
  await ask();
  await advance(0);
  expect(again.isWiped()).toBe(true);
  expect(textOf(await ask())).toBe('one');
  await advance(0);
  expect(late.isWiped()).toBe(true);
  const evicted = watched('another', 'r1');
  answers.splice(0, answers.length, evicted.answer, gives('two'));
  await ask('third');
  for (const name of ['fourth', 'fifth']) await ask(name);
  await advance(0);
  expect(evicted.isWiped()).toBe(true);
  expect(delivery.held.values).toBe(2);
});

test('a request that waits with an older value while the newest is read still has it when the wait ends', async () => {
  const { answers, ask, advance, delivery, old } = setUp({ cacheMaxAgeMs: 0 });
  old.order = byName;
  delivery.seen(ref, 'r2');
  const older = watched('one', 'r1');
  answers.push(older.answer, gives('one', 'r1'));
  const asking = ask();
  for (let waitedMs = 0; waitedMs < 2_000; waitedMs += 50) {
    await advance(50);
    if (waitedMs < 1_000) expect(older.isWiped()).toBe(false);
  }
  expect(textOf(await asking)).toBe('one');
  await advance(0);
  expect(older.isWiped()).toBe(true);
});

test('a value that is read for the rotation is whole when the promise resolves, also if nothing keeps it', async () => {
  const { answers, advance, delivery, old } = setUp();
  old.order = byName;
  delivery.seen(ref, 'r2');
  const older = watched('one', 'r1');
  answers.push(older.answer);
  const text = await delivery
    .refresh(ref, { signal: new AbortController().signal })
    .then(({ value }) => new TextDecoder().decode(value.reveal()));
  expect(text).toBe('one');
  await advance(0);
  expect(older.isWiped()).toBe(true);
});

test('everything is wiped when delivery ends', async () => {
  const { answers, ask, advance, delivery } = setUp();
  const { answer, isWiped } = watched('canary', 'r1');
  answers.push(answer);
  await ask();
  delivery.close();
  await advance(0);
  expect(isWiped()).toBe(true);
  expect(delivery.held).toMatchObject({ values: 0, bytes: 0 });
});
