import { refKey, type SecretRef } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { fails, gives, hangs, revision, setUp, textOf } from './testing/delivery-fixture.ts';

const db: SecretRef = { provider: 'vault', location: { path: 'db' }, encoding: 'raw' };

test('a lockdown drops all values, also those that are retained, and keeps none', async () => {
  const { delivery, answers, ask } = setUp();
  answers.push(gives('one'), gives('two', 'r2'), fails('UNAVAILABLE'));
  await ask();
  delivery.pin(new Map([[refKey(db), new Set(['r1'])]]));
  expect(delivery.held.values).toBe(1);
  delivery.lockDown(true);
  expect(delivery.held).toMatchObject({ values: 0, bytes: 0 });
  expect(textOf(await ask())).toBe('two');
  expect(delivery.held.values).toBe(0);
  expect(textOf(await ask())).toBe('UNAVAILABLE');
});

test('each request is answered by a read that started after it', async () => {
  const { delivery, answers, reads, ask } = setUp();
  answers.push(gives('one'));
  delivery.lockDown(true);
  expect((await Promise.all([ask(), ask(), ask()])).map(textOf)).toEqual(['one', 'one', 'one']);
  await ask();
  expect(reads.length).toBe(4);
});

test('no request joins a read that started before the lockdown, which leaves nothing in memory', async () => {
  const { delivery, answers, reads, ask, advance } = setUp();
  const old = Promise.withResolvers<void>();
  answers.push(
    async () => {
      await old.promise;
      return gives('one')();
    },
    gives('two', 'r2'),
  );
  const early = ask();
  await advance(0);
  delivery.lockDown(true);
  expect(textOf(await ask())).toBe('two');
  old.resolve();
  expect(textOf(await early)).toBe('one');
  expect([reads.length, delivery.held.values]).toEqual([2, 0]);
});

test('an error is not cached', async () => {
  const { delivery, answers, ask } = setUp();
  answers.push(fails('NOT_FOUND'), gives('one'));
  delivery.lockDown(true);
  expect(textOf(await ask())).toBe('NOT_FOUND');
  expect(textOf(await ask())).toBe('one');
});

test('an earlier revision that is to be given is read each time, if the provider keeps it', async () => {
  const { delivery, old, ask } = setUp();
  const asked: string[] = [];
  old.choice = { kind: 'revision', revision: 'r1', otherwise: 'refuse' };
  old.reader = {
    readRevision: async (_ref, name) => {
      asked.push(name);
      return revision('one', name);
    },
  };
  await ask();
  delivery.lockDown(true);
  expect((await Promise.all([ask(), ask()])).map(textOf)).toEqual(['one', 'one']);
  expect(asked).toEqual(['r1', 'r1', 'r1']);
  old.reader = null;
  expect(textOf(await ask())).toBe('UNAVAILABLE');
});

test('a provider that does not answer costs no more time than before', async () => {
  const { delivery, answers, ask, advance } = setUp();
  answers.push(hangs);
  delivery.lockDown(true);
  const codes: string[] = [];
  for (let round = 0; round < 3; round++) {
    const asking = ask();
    await advance(0);
    await advance(1_950);
    codes.push(textOf(await asking));
  }
  // After the first failure, requests wait only a short time. Once the circuit breaker is open, they do not wait at
  // all.
  expect(codes).toEqual(['DEADLINE', 'UNAVAILABLE', 'UNAVAILABLE']);
});

test('after it values are kept again', async () => {
  const { delivery, answers, reads, ask } = setUp();
  answers.push(gives('one'));
  delivery.lockDown(true);
  await ask();
  delivery.lockDown(false);
  await ask();
  await ask();
  expect([reads.length, delivery.held.values]).toEqual([2, 1]);
});
