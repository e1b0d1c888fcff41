import { expect, test } from 'vitest';
import { runHistory } from './execute-run.ts';

test('the same seed gives the same history', async () => {
  const first = await runHistory({ seed: 7, tellsEvents: true });
  const second = await runHistory({ seed: 7, tellsEvents: true });
  expect(second.lines).toEqual(first.lines);
});
