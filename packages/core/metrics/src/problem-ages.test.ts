import { problem } from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { ProblemAges } from './problem-ages.ts';

test('remembers when a problem was first seen, until it is over', () => {
  const ages = new ProblemAges();
  const sealed = problem('PROVIDER_UNAVAILABLE', 'vault: it is sealed', { provider: 'vault' });
  const unreachable = problem('PROVIDER_UNAVAILABLE', 'vault: no answer', { provider: 'vault' });
  const other = problem('PROVIDER_UNAVAILABLE', 'aws: no answer', { provider: 'aws' });
  const since =
    (...problems: Parameters<ProblemAges['date']>[0]) =>
    (nowMs: number) =>
      ages.date(problems, nowMs).map(({ sinceMs }) => sinceMs);
  expect(since(sealed)(1_000)).toEqual([1_000]);
  expect(since(unreachable, other)(2_000)).toEqual([1_000, 2_000]);
  expect(since()(3_000)).toEqual([]);
  expect(since(sealed)(4_000)).toEqual([4_000]);
});
