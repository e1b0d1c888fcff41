import { expect, test } from 'vitest';
import type { FailedTask } from '../ports/orchestrator.ts';
import { describeFailures } from './describe-failures.ts';

const failure = (changes: Partial<FailedTask>): FailedTask => ({
  id: 't',
  generation: 1,
  fingerprint: 'f',
  started: true,
  undelivered: false,
  nodeReady: true,
  message: 'exit code 1',
  ranMs: 2_100,
  endedAtMs: 0,
  ...changes,
});
const rejected = { started: false, ranMs: null, message: 'No such image: web:2' };

test.each([
  [[], null],
  [[failure({})], 'exit code 1 after 2 s'],
  [[failure({}), failure({ ranMs: 200, endedAtMs: 1 }), failure({})], 'exit code 1 after 1 s, 3 times'],
  [[failure({ ranMs: 600_000 })], 'exit code 1 after 10 min'],
  [[failure(rejected), failure(rejected)], 'No such image: web:2, 2 times'],
  [[failure({}), failure(rejected), failure({})], 'exit code 1 after 2 s, 2 times'],
  [[failure({ message: 'exit code 2', endedAtMs: 5 }), failure({})], 'exit code 2 after 2 s'],
])('describes failed tasks %#', (failures, text) => {
  expect(describeFailures(failures)).toBe(text);
});
