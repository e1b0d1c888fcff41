import { expect, test } from 'vitest';
import { RequestCosts } from './request-costs.ts';

/** Half a cent per thousand requests. */
const price = { dollarsPerRequest: 0.000005, free: ['login'] };

function setUp() {
  let nowMs = 5_000_000;
  const clock = { now: () => nowMs, monotonic: () => nowMs, after: () => () => undefined };
  const costs = new RequestCosts(clock, { aws: price, vault: null });
  const requested = (provider: string, operation: string) =>
    costs.observe({ type: 'provider.request-completed', provider, operation, outcome: 'ok', durationMs: 1 });
  /** Advances the time, with a request every ten seconds. */
  const ask = (minutes: number) => {
    for (let tenth = 0; tenth < minutes * 6; tenth++) {
      nowMs += 10_000;
      requested('aws', 'list');
    }
  };
  return { costs, requested, ask, pass: (minutes: number) => (nowMs += minutes * 60_000) };
}

test('a request each ten seconds is a dollar and thirty a month, after a minute as after hours', () => {
  const { costs, ask } = setUp();
  for (const minutes of [1, 9, 50, 200]) {
    ask(minutes);
    expect(costs.perMonth().get('aws')?.dollars).toBeCloseTo(1.31, 1);
  }
});

test('what was an hour ago does not count', () => {
  const { costs, ask, pass } = setUp();
  ask(120);
  pass(30);
  expect(costs.perMonth().get('aws')?.dollars).toBeCloseTo(1.31 / 2, 1);
  pass(31);
  expect(costs.perMonth().get('aws')?.dollars).toBe(0);
});

test('logins are free, and for a provider without a price the requests are counted', () => {
  const { costs, requested } = setUp();
  requested('aws', 'login');
  requested('vault', 'read');
  requested('elsewhere', 'read');
  expect([...costs.perMonth()]).toEqual([
    ['aws', { requests: 0, dollars: 0 }],
    ['vault', { requests: 60 * 730, dollars: null }],
  ]);
});
