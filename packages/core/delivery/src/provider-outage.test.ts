import { ProviderError, type SecretRef } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { fails, gives, hangs, setUp, textOf } from './testing/delivery-fixture.ts';

const db: SecretRef = { provider: 'vault', location: { path: 'db' }, encoding: 'raw' };

/** A provider that asks the plugin to send no requests for this time. */
const slowDown = (retryAfterMs?: number) => async () =>
  Promise.reject(new ProviderError('RATE_LIMITED', 'slow down', retryAfterMs === undefined ? {} : { retryAfterMs }));

test('with a cached value only the first request waits for a hanging provider, and not for long', async () => {
  const { answers, reads, ask, advance, events } = setUp();
  answers.push(gives('one'), hangs);
  await ask();
  await advance(20_000);
  const first = ask();
  await advance(0);
  await advance(500);
  expect(textOf(await first)).toBe('one');
  expect(textOf(await ask())).toBe('one');
  expect(reads.length).toBe(2);
  expect(events.at(-1)).toMatchObject({ source: 'stale', durationMs: 0 });
});

test('no request with a cached value waits if the latest probe failed', async () => {
  const { delivery, answers, reads, ask, advance } = setUp();
  answers.push(gives('one'), hangs);
  await ask();
  await advance(20_000);
  delivery.reportProbe(db, 'timeout');
  const answer = ask();
  await advance(0);
  expect(textOf(await answer)).toBe('one');
  expect(reads.length).toBe(2);
});

test('requests wait for a provider that is always slow', async () => {
  const { answers, ask, advance } = setUp();
  const slow = (text: string, name: string) => async () => {
    await advance(400);
    return gives(text, name)();
  };
  answers.push(slow('one', 'r1'), gives('two', 'r2'));
  await ask();
  const late = Promise.withResolvers<void>();
  answers.splice(0, answers.length, async () => {
    await late.promise;
    return gives('two', 'r2')();
  });
  await advance(20_000);
  const answer = ask();
  await advance(1_500);
  late.resolve();
  expect(textOf(await answer)).toBe('two');
});

test('a read that comes too late for its caller is there for the next', async () => {
  const { answers, ask, advance } = setUp();
  const late = Promise.withResolvers<void>();
  answers.push(gives('one', 'r1'), async () => {
    await late.promise;
    return gives('two', 'r2')();
  });
  await ask();
  await advance(20_000);
  const first = ask();
  await advance(0);
  await advance(500);
  expect(textOf(await first)).toBe('one');
  late.resolve();
  await advance(0);
  expect(textOf(await ask())).toBe('two');
});

test('after two timeouts in a row no request waits for the provider until a half-open probe succeeds', async () => {
  const { answers, reads, ask, advance, events } = setUp();
  answers.push(gives('one'), hangs);
  await ask();
  await advance(20_000);
  const first = ask('never-read');
  await advance(0);
  await advance(2_000);
  expect(textOf(await first)).toBe('DEADLINE');
  const second = ask('never-read');
  await advance(0);
  await advance(250);
  expect(textOf(await second)).toBe('UNAVAILABLE');
  await advance(1_750);
  const readsBefore = reads.length;
  expect(textOf(await ask())).toBe('one');
  expect(textOf(await ask('other'))).toBe('UNAVAILABLE');
  expect(reads.length).toBe(readsBefore);
  answers.splice(0, answers.length, gives('two', 'r2'));
  await advance(1_000);
  expect(textOf(await ask())).toBe('two');
  const changes = events.flatMap((event) => (event.type === 'circuit-breaker.changed' ? [event.open] : []));
  expect(changes).toEqual([true, false]);
});

test('after a first timeout the next secrets of a task cost no timeout each', async () => {
  const { answers, reads, ask, advance } = setUp();
  answers.push(hangs);
  const first = ask('a');
  await advance(0);
  await advance(2_000);
  expect(textOf(await first)).toBe('DEADLINE');
  const second = ask('b');
  await advance(0);
  await advance(250);
  expect(textOf(await second)).toBe('UNAVAILABLE');
  for (const secret of ['c', 'd', 'e']) expect(textOf(await ask(secret))).toBe('UNAVAILABLE');
  expect(reads).toEqual(['a', 'b']);
});

test('a read without waiting requests shows that the provider has recovered', async () => {
  const { answers, ask, advance } = setUp();
  const late = Promise.withResolvers<void>();
  const readLate = async () => {
    await late.promise;
    return gives('b')();
  };
  answers.push(hangs, readLate, gives('c'));
  const first = ask('a');
  await advance(0);
  await advance(2_000);
  await first;
  const second = ask('b');
  await advance(0);
  await advance(250);
  expect(textOf(await second)).toBe('UNAVAILABLE');
  late.resolve();
  await advance(0);
  expect(textOf(await ask('b'))).toBe('b');
  expect(textOf(await ask('c'))).toBe('c');
});

test('the slow recovery of a provider makes no request wait when it hangs again', async () => {
  const { answers, ask, advance } = setUp();
  const late = Promise.withResolvers<void>();
  answers.push(async () => {
    await late.promise;
    return gives('a')();
  }, hangs);
  const slow = ask('a');
  await advance(0);
  await advance(1_900);
  late.resolve();
  expect(textOf(await slow)).toBe('a');
  const first = ask('b');
  await advance(0);
  await advance(2_000);
  expect(textOf(await first)).toBe('DEADLINE');
  const second = ask('c');
  await advance(0);
  await advance(250);
  expect(textOf(await second)).toBe('UNAVAILABLE');
  expect(textOf(await ask('d'))).toBe('UNAVAILABLE');
});

test('after five failures in ten seconds the circuit breaker opens', async () => {
  const { answers, reads, ask } = setUp();
  answers.push(fails('UNAVAILABLE'));
  for (let call = 0; call < 10; call++) expect(textOf(await ask(`secret-${call}`))).toBe('UNAVAILABLE');
  expect(reads.length).toBe(5);
});

test.each(['NOT_FOUND', 'ACCESS_DENIED', 'UNAUTHENTICATED'] as const)(
  '%s does not count as a failure to answer',
  async (code) => {
    const { answers, reads, ask } = setUp();
    answers.push(fails(code));
    for (let call = 0; call < 10; call++) await ask(`secret-${call}`);
    expect(reads.length).toBe(10);
  },
);

test('retries an unavailable provider ever less often, without delaying requests', async () => {
  const { answers, reads, ask, advance } = setUp();
  answers.push(fails('UNAVAILABLE'));
  for (let call = 0; call < 5; call++) await ask();
  for (let second = 0; second < 60; second++) await advance(1_000);
  expect(reads.length).toBeGreaterThan(8);
  expect(reads.length).toBeLessThan(15);
});

test('a rejected secret causes one request a second, however many tasks request it', async () => {
  const { answers, reads, ask, advance } = setUp();
  answers.push(fails('NOT_FOUND'));
  for (let call = 0; call < 100; call++) expect(textOf(await ask())).toBe('NOT_FOUND');
  expect(reads.length).toBe(1);
  await advance(1_000);
  answers.splice(0, answers.length, gives('one'));
  expect(textOf(await ask())).toBe('one');
});

test('a refusal is asked for again each time when CACHE_MAX_AGE is 0', async () => {
  const { answers, reads, ask } = setUp({ cacheMaxAgeMs: 0 });
  answers.push(fails('NOT_FOUND'));
  await ask();
  await ask();
  expect(reads.length).toBe(2);
});

test('a rate-limited provider gets a retry after the time that it names, within the deadline', async () => {
  const { answers, reads, ask, advance } = setUp();
  answers.push(slowDown(1_500), gives('one'));
  const answer = ask();
  await advance(0);
  await advance(1_499);
  expect(reads.length).toBe(1);
  await advance(1);
  expect(textOf(await answer)).toBe('one');
});

test('no request waits for, or is sent to, a provider whose retry time is after the deadline', async () => {
  const { answers, reads, ask, advance } = setUp();
  answers.push(slowDown(30_000), gives('one'));
  expect(textOf(await ask())).toBe('RATE_LIMITED');
  await advance(25_000);
  expect(textOf(await ask('other'))).toBe('RATE_LIMITED');
  expect(reads.length).toBe(1);
  await advance(5_000);
  expect(textOf(await ask())).toBe('one');
});

test('with a cached value no request waits for a rate-limited provider', async () => {
  const { answers, ask, advance, events } = setUp();
  answers.push(gives('one'), slowDown());
  await ask();
  await advance(20_000);
  expect(textOf(await ask())).toBe('one');
  expect(events.at(-1)).toMatchObject({ source: 'stale', durationMs: 0 });
});

test('after one request waited in vain for a rate-limited provider, no other request waits', async () => {
  const { answers, ask, advance } = setUp();
  answers.push(slowDown(1_500));
  const first = ask('a');
  await advance(0);
  await advance(1_500);
  expect(textOf(await first)).toBe('RATE_LIMITED');
  for (const secret of ['b', 'c', 'd']) expect(textOf(await ask(secret))).toBe('RATE_LIMITED');
});

test('a probe without an answer counts as a failure of the provider, one with an answer ends that', async () => {
  const { delivery, events } = setUp();
  for (let probe = 0; probe < 2; probe++) delivery.reportProbe(db, 'timeout');
  expect(events.at(-1)).toMatchObject({ type: 'circuit-breaker.changed', open: true });
  delivery.reportProbe(db, 'answered');
  expect(events.at(-1)).toMatchObject({ type: 'circuit-breaker.changed', open: false });
});

const doubts = (code: ProviderError['code']) => async () =>
  Promise.reject(new ProviderError(code, 'the provider says no in unknown words', { isProven: false }));

test.each(['INVALID_REF', 'NOT_FOUND', 'ACCESS_DENIED', 'INVALID_PAYLOAD'] as const)(
  'a %s that is not proven drops nothing: the last good value is served, also when the provider is down later',
  async (code) => {
    const { answers, ask, advance, events } = setUp();
    answers.push(gives('one'), doubts(code), fails('UNAVAILABLE'));
    await ask();
    await advance(20_000);
    expect(textOf(await ask())).toBe('one');
    expect(events.at(-1)).toMatchObject({ source: 'stale' });
    await advance(2_000);
    expect(textOf(await ask())).toBe('one');
    await advance(60_000);
    expect(textOf(await ask())).toBe('UNAVAILABLE');
  },
);

test('a secret that is refused without proof costs one request a second, and does not open the circuit breaker', async () => {
  const { answers, ask, advance, reads, events } = setUp();
  answers.push(doubts('INVALID_REF'));
  for (let call = 0; call < 100; call++) expect(textOf(await ask())).toBe('INVALID_REF');
  expect(reads.length).toBe(1);
  for (let second = 0; second < 20; second++) {
    await advance(1_000);
    await ask();
  }
  expect(reads.length).toBe(21);
  expect(events.filter(({ type }) => type === 'circuit-breaker.changed')).toEqual([]);
});

test('a refused login is an answer: the last good value is given for a shorter time, whatever comes after it', async () => {
  const { answers, ask, advance, events } = setUp();
  answers.push(gives('one'), fails('UNAUTHENTICATED'));
  await ask();
  await advance(29_999);
  expect(textOf(await ask())).toBe('one');
  expect(events.at(-1)).toMatchObject({ source: 'stale' });
  await advance(1);
  expect(textOf(await ask())).toBe('UNAUTHENTICATED');
  // In an outage stale values are served for longer. An outage does not cancel the refusal.
  answers[0] = fails('UNAVAILABLE');
  expect(textOf(await ask())).toBe('UNAVAILABLE');
  expect(textOf(await ask())).toBe('UNAVAILABLE');
  answers[0] = fails('NOT_FOUND');
  expect(textOf(await ask('other'))).toBe('NOT_FOUND');
  answers[0] = fails('UNAVAILABLE');
  expect(textOf(await ask())).toBe('one');
});

test('login errors of probes count too', async () => {
  const { delivery, answers, ask, advance } = setUp();
  answers.push(gives('one'), fails('UNAVAILABLE'));
  await ask();
  delivery.reportProbe(db, 'login-refused');
  await advance(30_000);
  expect(textOf(await ask())).toBe('UNAVAILABLE');
  delivery.reportProbe(db, 'answered');
  expect(textOf(await ask())).toBe('one');
});

test('with a limit of its own a refused login may also be bridged for longer than an outage, or not at all', async () => {
  const { answers, ask, advance } = setUp({ staleIfErrorMs: 0, staleIfUnauthenticatedMs: 60_000 });
  answers.push(gives('one'), fails('UNAUTHENTICATED'));
  await ask();
  await advance(59_999);
  expect(textOf(await ask())).toBe('one');
  const never = setUp({ staleIfUnauthenticatedMs: 0 });
  never.answers.push(gives('one'), fails('UNAUTHENTICATED'));
  await never.ask();
  await never.advance(10_000);
  expect(textOf(await never.ask())).toBe('UNAUTHENTICATED');
});
