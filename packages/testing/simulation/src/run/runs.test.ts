import { expect, test } from 'vitest';
import { executeRun } from './execute-run.ts';

test('the same seed gives the same history', async () => {
  const first = await executeRun({ seed: 7, reportsEvents: true });
  const second = await executeRun({ seed: 7, reportsEvents: true });
  expect(second.lines).toEqual(first.lines);
});
