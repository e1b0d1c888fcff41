import { type SecretRevision, SecretValue } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { fails, gives, hangs, revision, setUp, textOf } from './testing/delivery-fixture.ts';

test('answers from the cache while the value there is fresh, and asks again when it is not', async () => {
  const { answers, reads, ask, advance } = setUp();
  answers.push(gives('one', 'r1'), gives('two', 'r2'));
  expect(textOf(await ask())).toBe('one');
  await advance(9_999);
  expect(textOf(await ask())).toBe('one');
  await advance(1);
  expect(textOf(await ask())).toBe('two');
  expect(reads).toEqual(['db', 'db']);
});

test('asks every time when CACHE_MAX_AGE is 0', async () => {
  const { answers, reads, ask } = setUp({ cacheMaxAgeMs: 0 });
  answers.push(gives('one'));
  await ask();
  await ask();
  expect(reads.length).toBe(2);
});

test('a probe that finds nothing new keeps a value fresh', async () => {
  const { delivery, answers, reads, ask, advance } = setUp();
  answers.push(gives('one', 'r1'));
  await ask();
  await advance(9_000);
  delivery.revalidate({ provider: 'vault', location: { path: 'db' }, encoding: 'raw' }, 'r1', 9_000);
  await advance(9_000);
  await ask();
  expect(reads.length).toBe(1);
});

test('sends one request to the provider for all concurrent requests for the same value', async () => {
  const { answers, reads, ask } = setUp();
  answers.push(gives('one'));
  const all = await Promise.all(Array.from({ length: 100 }, () => ask()));
  expect(all.map(textOf).every((text) => text === 'one')).toBe(true);
  expect(reads.length).toBe(1);
});

test('answers within its deadline when the provider hangs', async () => {
  const { answers, ask, advance, events } = setUp();
  answers.push(hangs);
  const answer = ask();
  await advance(2_000);
  expect(textOf(await answer)).toBe('DEADLINE');
  expect(events).toMatchObject([{ type: 'delivery.failed', code: 'DEADLINE', secret: 'db', service: 'web' }]);
});

test.each(['UNAVAILABLE', 'UNAUTHENTICATED', 'RATE_LIMITED'] as const)(
  'serves the last good value on %s',
  async (code) => {
    const { answers, ask, advance, events } = setUp();
    answers.push(gives('one'), fails(code));
    await ask();
    await advance(20_000);
    expect(textOf(await ask())).toBe('one');
    expect(events.at(-1)).toMatchObject({ type: 'secret.delivered', source: 'stale' });
  },
);

test('serves no value older than STALE_IF_ERROR', async () => {
  const { answers, ask, advance } = setUp();
  answers.push(gives('one'), fails('UNAVAILABLE'));
  await ask();
  await advance(60_000);
  expect(textOf(await ask())).toBe('UNAVAILABLE');
});

test.each(['NOT_FOUND', 'ACCESS_DENIED'] as const)(
  'never papers over %s, not even when the provider is away later',
  async (code) => {
    const { answers, ask, advance } = setUp();
    answers.push(gives('one'), fails(code), fails('UNAVAILABLE'));
    await ask();
    await advance(20_000);
    expect(textOf(await ask())).toBe(code);
    await advance(1_000);
    expect(textOf(await ask())).toBe('UNAVAILABLE');
  },
);

test.each([
  ['NOT_FOUND', {}, true],
  ['ACCESS_DENIED', { rotate: 'off' }, true],
  ['NOT_FOUND', { vault_path: 'db' }, false],
  ['UNAVAILABLE', {}, false],
] as const)('%s for the labels %j says that none gives a path: %s', async (code, labels, isSaid) => {
  const { delivery, answers, events } = setUp();
  answers.push(fails(code));
  const answer = await delivery.get({ secretName: 'db', labels, serviceName: 'web' });
  const words = 'no label gives its path, so the default is read; set the label vault_path';
  expect(answer.kind === 'refused' && answer.message.includes(words)).toBe(isSaid);
  expect(JSON.stringify(events.at(-1)).includes(words)).toBe(isSaid);
});

test('an answer to an older read does not replace that to a newer one', async () => {
  const { delivery, answers, ask, advance } = setUp();
  const slow = Promise.withResolvers<SecretRevision>();
  answers.push(() => slow.promise, gives('two', 'r2'));
  const first = ask();
  await advance(0);
  await advance(100);
  await delivery.refresh(
    { provider: 'vault', location: { path: 'db' }, encoding: 'raw' },
    { signal: new AbortController().signal },
  );
  slow.resolve(revision('one', 'r1'));
  await first;
  expect(textOf(await ask())).toBe('two');
});

test.each([
  [0, false],
  [1, true],
  [511_999, true],
  [512_000, false],
])('a value of %i bytes is delivered: %s', async (bytes, delivered) => {
  const { answers, ask } = setUp();
  answers.push(async () => ({ value: new SecretValue(new Uint8Array(bytes)), revision: 'r1' }));
  const answer = await ask();
  expect(answer.kind).toBe(delivered ? 'value' : 'refused');
  if (answer.kind === 'refused') expect(answer.message).toContain(`${bytes} bytes`);
});

test('a value that can not be delivered is no current value for a poll either', async () => {
  const { delivery, answers } = setUp();
  answers.push(async () => ({ value: new SecretValue(new Uint8Array(512_000)), revision: 'r1' }));
  const { signal } = new AbortController();
  const ref = { provider: 'vault', location: { path: 'db' }, encoding: 'raw' } as const;
  await expect(delivery.refresh(ref, { signal })).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
});

test('refuses wrong labels with a message that names them, and asks nobody', async () => {
  const { delivery, reads } = setUp();
  const answer = await delivery.get({ secretName: 'db', labels: { vault_pth: 'x' }, serviceName: 'web' });
  expect(answer).toMatchObject({
    kind: 'refused',
    code: 'INVALID_REF',
    message: expect.stringContaining('"vault_pth"'),
  });
  expect(reads).toEqual([]);
});

test('records which revision a task got', async () => {
  const { answers, ask, delivered } = setUp();
  answers.push(gives('one', 'r7'));
  await ask();
  expect(delivered).toMatchObject([{ taskId: 't1', revision: 'r7' }]);
});

test('shows no value in any event or response except the value itself', async () => {
  const { answers, ask, events } = setUp();
  answers.push(gives('hunter2-canary'));
  const answer = await ask();
  expect(JSON.stringify([events, answer])).not.toContain('hunter2-canary');
});

test('a full cache is reported at once, and once a minute while it evicts more', async () => {
  const { delivery, answers, ask, advance, events } = setUp({ cache: { maxRevisions: 2, maxBytes: 1_000 } });
  answers.push(gives('four'));
  for (let secret = 0; secret < 12; secret++) await ask(`secret-${secret}`);
  await advance(60_000);
  await ask('one-more');
  const reported = events.filter(({ type }) => type === 'cache.evicted');
  expect(reported).toMatchObject([
    { values: 2, bytes: 8, evicted: 1 },
    { values: 2, bytes: 8, evicted: 10 },
  ]);
  expect(delivery.held).toEqual({ values: 2, bytes: 8, evicted: 11 });
});

test('a listener of events that throws loses no answer, nor the opening of the circuit breaker', async () => {
  const { answers, ask, advance, events } = setUp({ cacheMaxAgeMs: 0 }, () => {
    throw new Error('a fault');
  });
  answers.push(gives('one'), fails('UNAVAILABLE'));
  expect(textOf(await ask())).toBe('one');
  for (let count = 0; count < 5; count++) expect(textOf(await ask())).toBe('one');
  await advance(1_000);
  expect(events.filter(({ type }) => type === 'circuit-breaker.changed')).toHaveLength(1);
  expect(events.filter(({ type }) => type === 'listener.failed')).toMatchObject([{ listener: 'listener of the test' }]);
});

test('a value is delivered even if recording it fails, which is reported once', async () => {
  const { old, answers, ask, events } = setUp();
  answers.push(gives('one'));
  old.recordFails = true;
  expect(textOf(await ask())).toBe('one');
  expect(textOf(await ask())).toBe('one');
  expect(events.filter(({ type }) => type === 'listener.failed')).toMatchObject([{ message: 'it was not recorded' }]);
});
