import { expect, test } from 'vitest';
import { ProblemList } from './problem.ts';

test('lists problems as they are', () => {
  const list = new ProblemList();
  list.add('SECRET_UNDELIVERABLE', 'db: there is no such secret');
  list.add('PROVIDER_UNAVAILABLE', 'vault: it is sealed', { provider: 'vault' });
  list.add('ORCHESTRATOR_UNAVAILABLE', 'it timed out', { orchestrator: 'Swarm' });
  expect(list.problems).toEqual([
    {
      code: 'SECRET_UNDELIVERABLE',
      summary: 'A secret has no value to deliver',
      detail: 'A secret has no value to deliver: db: there is no such secret',
    },
    {
      code: 'PROVIDER_UNAVAILABLE',
      summary: 'A provider does not answer',
      detail: 'A provider does not answer: vault: it is sealed',
      provider: 'vault',
    },
    {
      code: 'ORCHESTRATOR_UNAVAILABLE',
      summary: 'Swarm does not answer',
      detail: 'Swarm does not answer: it timed out',
    },
  ]);
});

test.each([
  [20_000, 'short'],
  [20_000, 'a\n'.repeat(10_000)],
])('lists %d problems up to a bound, and says how many more there are', (count, detail) => {
  const list = new ProblemList();
  for (let index = 0; index < count; index++) list.add('SECRET_UNDELIVERABLE', `${index}: ${detail}`);
  const { problems } = list;
  expect(problems.length).toBeLessThanOrEqual(501);
  expect(JSON.stringify(problems).length).toBeLessThan(300_000);
  expect(problems.at(-1)?.code).toBe('MORE_PROBLEMS');
  expect(problems.at(-1)?.detail).toBe(
    `There are more problems than are listed: ${count - problems.length + 1} more; see the secrets and the services with a problem`,
  );
});
