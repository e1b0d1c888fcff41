import { expect, test } from 'vitest';
import { type OrchestratorAdvice, ProblemList } from './problem.ts';

test('lists the worst problem first', () => {
  const list = new ProblemList();
  list.add('SECRET_UNDELIVERABLE', 'db: there is no such secret');
  list.add('PROVIDER_UNAVAILABLE', 'vault: it is sealed', { provider: 'vault' });
  list.add('ORCHESTRATOR_UNAVAILABLE', 'it timed out', { orchestrator: 'Swarm' });
  expect(list.problems.map(({ code, severity, detail }) => [code, severity, detail])).toEqual([
    ['ORCHESTRATOR_UNAVAILABLE', 'critical', 'Swarm does not answer: it timed out'],
    ['PROVIDER_UNAVAILABLE', 'warning', 'A provider does not answer: vault: it is sealed'],
    ['SECRET_UNDELIVERABLE', 'warning', 'A secret has no value to deliver: db: there is no such secret'],
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
  expect(problems.at(-1)?.detail).toBe(`There are more problems than are listed: ${count - problems.length + 1} more`);
});

test('a problem can be worse than its kind, and has an action for the service that it affects', () => {
  const list = new ProblemList();
  list.add('SERVICE_DEGRADED', 'web: exit code 1', { services: ['web'] });
  list.add('SECRET_UNDELIVERABLE', 'db: no such path', { severity: 'critical', action: 'Write it' });
  expect(list.problems.map(({ severity, action }) => [severity, action])).toEqual([
    ['critical', 'Write it'],
    ['warning', 'Fix the cause. See each attempt to start a task of web'],
  ]);
});

test("an orchestrator's advice replaces the general actions", () => {
  const advice: OrchestratorAdvice = {
    actions: { SERVICE_DEGRADED: 'Run: tasks of {service}' },
    replaceSecret: () => '',
  };
  const list = new ProblemList({ orchestrator: 'the pool', advice });
  list.add('SERVICE_DEGRADED', 'web: exit code 1', { services: ['web'] });
  list.add('RECONCILE_STALLED', 'no answer');
  expect(list.problems.map(({ action }) => action)).toEqual([
    'Check the pool, and the log of the plugin. Until then secrets are delivered, and nothing is rotated',
    'Run: tasks of web',
  ]);
});
