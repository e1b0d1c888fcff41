import { ProviderError, refKey, type SecretRef } from '@vault-swarm/provider';
import { SimulatedClock } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import { RollbackValues } from './rollback-values.ts';

const ref: SecretRef = { provider: 'vault', location: { path: 'db' }, encoding: 'raw' };
const key = refKey(ref);

function setUp(recall: () => Promise<boolean>) {
  const clock = new SimulatedClock();
  const retained: string[][] = [];
  let recalls = 0;
  let news = 0;
  const values = new RollbackValues(
    {
      refresh: () => Promise.reject(new Error('not asked for')),
      lockDown: () => undefined,
      revalidate: () => undefined,
      seen: () => undefined,
      newest: () => undefined,
      reportProbe: () => undefined,
      pin: (revisions) => retained.push([...(revisions.get(key) ?? [])]),
      ensureCached: () => {
        recalls += 1;
        return recall();
      },
    },
    clock,
    () => {
      news += 1;
    },
  );
  const keep = () => values.keep(new Map([[key, { ref, revisions: new Set(['r1']) }]]));
  return { clock, values, keep, retained, recalls: () => recalls, news: () => news };
}

test.each([
  [true, 'available'],
  [false, 'unavailable'],
])(
  'a value that is to be kept is fetched once, and its availability is reported: %s',
  async (isAvailable, availability) => {
    const { clock, values, keep, retained, recalls, news } = setUp(async () => isAvailable);
    keep();
    expect(values.availability(key, 'r1')).toBe('unknown');
    await clock.advance(0);
    keep();
    expect(values.availability(key, 'r1')).toBe(availability);
    expect([recalls(), news(), retained]).toEqual([1, 1, [['r1'], ['r1']]]);
  },
);

test('if the provider does not answer it is tried again, a second later at the earliest', async () => {
  let answer: () => Promise<boolean> = () => Promise.reject(new ProviderError('UNAVAILABLE', 'away'));
  const { clock, values, keep, recalls } = setUp(() => answer());
  keep();
  await clock.advance(500);
  keep();
  expect([values.availability(key, 'r1'), recalls()]).toEqual(['unknown', 1]);
  answer = async () => true;
  await clock.advance(500);
  keep();
  await clock.advance(0);
  expect([values.availability(key, 'r1'), recalls()]).toEqual(['available', 2]);
});

test('a provider that hangs is asked once at a time', async () => {
  const { clock, keep, recalls } = setUp(() => new Promise(() => undefined));
  keep();
  await clock.advance(5_000);
  keep();
  expect(recalls()).toBe(1);
  await clock.advance(6_000);
  keep();
  expect(recalls()).toBe(2);
});

test('forgets what need not be kept any more', async () => {
  const { clock, values, keep } = setUp(async () => true);
  keep();
  await clock.advance(0);
  values.keep(new Map());
  expect(values.availability(key, 'r1')).toBe('unknown');
});
