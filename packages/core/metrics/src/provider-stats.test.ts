import type { ProductEvent } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { ProviderStats } from './provider-stats.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { delivered, requested } from './testing/samples.ts';

function setUp() {
  const clock = new ManualClock();
  const stats = new ProviderStats(clock, ['vault', 'file']);
  const happen = (...events: readonly ProductEvent[]) => {
    for (const event of events) stats.observe(event);
  };
  const vault = () => stats.summaries()[0];
  return { clock, figures: stats, happen, vault };
}

const failed: ProductEvent = { type: 'provider.failed', provider: 'vault', code: 'UNAVAILABLE', message: 'sealed' };

test('a provider that nobody asked is unused, and is ok once it answered', () => {
  const { clock, figures: stats, happen, vault } = setUp();
  const startedAtMs = clock.now();
  clock.advance(5_000);
  happen(requested('vault', 'ok', 8));
  expect(stats.summaries().map(({ name, state, sinceMs }) => [name, state, sinceMs])).toEqual([
    ['vault', 'ok', clock.now()],
    ['file', 'unused', startedAtMs],
  ]);
  expect(vault()).toMatchObject({ requests: 1, errors: 0, lastError: null, lastAnswerAtMs: clock.now() });
  expect(vault()?.p50Ms).toBeCloseTo(8, 0);
});

test('that there is no such secret is an answer, and no error of the provider', () => {
  const { happen, vault } = setUp();
  happen(requested('vault', 'NOT_FOUND'), requested('vault', 'ACCESS_DENIED'));
  expect(vault()).toMatchObject({ state: 'ok', requests: 2, errors: 0, lastError: null });
});

test('a request that fails makes it fail until one is answered, and the error stays known', () => {
  const { clock, happen, vault } = setUp();
  happen(requested('vault'));
  const answeredAtMs = clock.now();
  clock.advance(1_000);
  happen(requested('vault', 'UNAUTHENTICATED'));
  const lastError = { code: 'UNAUTHENTICATED', message: 'its latest request (read) failed', atMs: clock.now() };
  expect(vault()).toMatchObject({ state: 'failing', sinceMs: clock.now(), errors: 1, lastError });
  expect(vault()?.lastAnswerAtMs).toBe(answeredAtMs);
  clock.advance(1_000);
  happen(requested('vault'));
  expect(vault()).toMatchObject({ state: 'ok', sinceMs: clock.now(), lastError, lastAnswerAtMs: clock.now() });
});

test('a request that was sent again counts as a request, and neither as an error nor as an answer', () => {
  const { happen, vault } = setUp();
  const again = { ...requested('vault', 'UNAVAILABLE'), isRepeated: true } as const;
  happen(again);
  expect(vault()).toMatchObject({ state: 'ok', requests: 1, errors: 0, lastError: null, lastAnswerAtMs: null });
  happen(again, requested('vault'));
  expect(vault()).toMatchObject({ state: 'ok', requests: 3, errors: 0, lastError: null });
});

test('an outage that polls found lasts until a poll succeeds, whatever single requests do', () => {
  const { happen, vault } = setUp();
  happen(failed, requested('vault'));
  expect(vault()).toMatchObject({ state: 'failing', lastError: { code: 'UNAVAILABLE', message: 'sealed' } });
  happen(requested('vault', 'UNAVAILABLE'));
  expect(vault()?.lastError?.message).toBe('sealed');
  happen(requested('vault'), { type: 'provider.recovered', provider: 'vault' });
  expect(vault()?.state).toBe('ok');
});

test('it gets no requests while its circuit breaker is open', () => {
  const { happen, vault } = setUp();
  happen(failed, { type: 'circuit-breaker.changed', provider: 'vault', open: true });
  expect(vault()?.state).toBe('circuit-open');
  happen({ type: 'circuit-breaker.changed', provider: 'vault', open: false });
  expect(vault()?.state).toBe('failing');
});

test('a provider whose adapter tells no requests is seen by the values that it gives', () => {
  const { clock, happen, vault } = setUp();
  happen(delivered('cache'));
  expect(vault()?.state).toBe('unused');
  happen(delivered('provider'));
  expect(vault()).toMatchObject({ state: 'ok', requests: 0, lastAnswerAtMs: clock.now() });
});

test('the end of the login is known, and providers that are not configured are not counted', () => {
  const { figures: stats, happen, vault } = setUp();
  happen({ type: 'provider.login', provider: 'vault', expiresAtMs: 1_700_000_500_000 }, requested('unheard-of'));
  expect(vault()).toMatchObject({ loggedInAtMs: 1_700_000_000_000, loginExpiresAtMs: 1_700_000_500_000 });
  happen({ type: 'provider.login', provider: 'vault', expiresAtMs: null });
  expect(vault()?.loginExpiresAtMs).toBeNull();
  expect(stats.summaries()).toHaveLength(2);
});
