import { expect, test } from 'vitest';
import { CallBudget } from './call-budget.ts';
import { locateRefs, ProbedRefs, type ProbeResults } from './probed-refs.ts';
import { ProviderError } from './provider-error.ts';
import { refKey, type SecretRef } from './secret-ref.ts';

const refTo = (name: string): SecretRef => ({ provider: 'p', location: { name }, encoding: 'raw' });

test('a ref without a location has failed, and the others are located', () => {
  const results: ProbeResults = new Map();
  const located = locateRefs(
    [refTo('good'), refTo('bad')],
    ({ location: { name } }) => {
      if (name === 'bad') throw new ProviderError('INVALID_REF', 'p bad: no such name');
      return name;
    },
    results,
  );
  expect([...located.values()]).toEqual(['good']);
  expect([...results.keys()]).toEqual([refKey(refTo('bad'))]);
  expect(results.get(refKey(refTo('bad')))).toMatchObject({ kind: 'failed', error: { code: 'INVALID_REF' } });
});

test('a probe is postponed while the budget is used up, unless it has a new ref', () => {
  const budget = new CallBudget(undefined, { now: () => 0, monotonic: () => 0, after: () => () => {} });
  const probed = new ProbedRefs(budget);
  const postponed = (...names: string[]) => {
    const results: ProbeResults = new Map();
    return probed.postpone(names.map(refTo), results) ? [...results.values()].map(({ kind }) => kind) : null;
  };
  expect(postponed('a', 'b')).toBeNull();
  budget.pause(1_000);
  expect(postponed('b')).toEqual(['postponed']);
  expect(postponed('a', 'c')).toBeNull();
  expect(postponed('b')).toBeNull();
});
