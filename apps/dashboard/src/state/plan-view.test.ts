import type { Plan } from '@vault-swarm/http/api';
import { expect, test } from 'vitest';
import { summaryOf } from './plan-view.ts';

const planned = (outcome: Plan['services'][number]['outcome'], tasks: number) => ({
  name: `a service that ${outcome}`,
  secrets: ['db'],
  outcome,
  tasks,
  waiting_reason: null,
});

test('counts the tasks of the services that would be rolled, and of no other', () => {
  const plan = {
    services: [planned('scheduled', 3), planned('pending', 2), planned('up-to-date', 5), planned('not-applicable', 1)],
  };
  expect(summaryOf(plan, false)).toEqual({
    tasks: 5,
    isAnything: true,
    sentence: '5 tasks of 2 services would be replaced, as their own update settings say.',
  });
});

test('there is nothing to confirm if every service is current, or is never rolled', () => {
  expect(summaryOf({ services: [planned('up-to-date', 5), planned('not-applicable', 1)] }, false)).toMatchObject({
    isAnything: false,
    sentence: expect.stringContaining('Nothing to do'),
  });
});

test('what is due happens without a question', () => {
  expect(summaryOf({ services: [planned('scheduled', 1)] }, true).sentence).toBe(
    '1 task of 1 service will be replaced, as its own update settings say.',
  );
});
