import { expect, test } from 'vitest';
import { DetectionDelays } from './detection-delays.ts';

test('the longest of several changes counts, and one whose time is not known as seen at once', () => {
  const changes = new DetectionDelays();
  changes.seen({ secrets: ['db', 'api'], createdAtMs: 1_000 }, 6_000);
  changes.seen({ secrets: ['api'], createdAtMs: null }, 7_000);
  expect(changes.unseenForMs(['api', 'other'])).toBe(0);
  expect(changes.unseenForMs(['api', 'db'])).toBe(5_000);
});

test('only the latest ten thousand secrets are remembered', () => {
  const changes = new DetectionDelays();
  for (let number = 0; number <= 10_000; number++) changes.seen({ secrets: [`s${number}`], createdAtMs: 0 }, 1);
  expect([changes.unseenForMs(['s0']), changes.unseenForMs(['s1'])]).toEqual([0, 1]);
});
