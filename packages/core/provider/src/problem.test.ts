import { expect, test } from 'vitest';
import { ProblemList } from './problem.ts';

test('lists problems as they are', () => {
  const list = new ProblemList();
  list.add('A secret has no value', 'db: there is no such secret');
  list.add('A provider does not answer', 'vault: it is sealed', { kind: 'provider', name: 'vault' });
  expect(list.problems).toEqual([
    { summary: 'A secret has no value', detail: 'A secret has no value: db: there is no such secret' },
    {
      summary: 'A provider does not answer',
      detail: 'A provider does not answer: vault: it is sealed',
      silent: { kind: 'provider', name: 'vault' },
    },
  ]);
});

test.each([
  [20_000, 'short'],
  [20_000, 'a\n'.repeat(10_000)],
])('lists %d problems up to a bound, and says how many more there are', (count, detail) => {
  const list = new ProblemList();
  for (let index = 0; index < count; index++) list.add('A secret has no value', `${index}: ${detail}`);
  const { problems } = list;
  expect(problems.length).toBeLessThanOrEqual(501);
  expect(JSON.stringify(problems).length).toBeLessThan(300_000);
  expect(problems.at(-1)?.detail).toBe(
    `There are more problems than are listed: ${count - problems.length + 1} more; see the secrets and the services with a problem`,
  );
});
