import { expect, test } from 'vitest';
import { addPreviousValue } from './previous-values.ts';

const value = (revision: string) => ({ revision, digest: revision });
const task = (createdAtMs: number) =>
  ({ id: `${createdAtMs}`, generation: 0, createdAtMs, state: 'running', reason: '' }) as const;

test('a value that further tasks have is recorded once, and another one after it', () => {
  let recorded = addPreviousValue({}, 's1', value('r1'), [task(1_000)]);
  for (const createdAtMs of [2_000, 3_000])
    recorded = addPreviousValue(recorded, 's1', value('r2'), [task(createdAtMs)]);
  expect(recorded.s1).toEqual([
    { ...value('r1'), untilMs: 1_001 },
    { ...value('r2'), untilMs: 3_001 },
  ]);
  expect(addPreviousValue(recorded, 's1', value('r1'), [task(4_000)]).s1).toHaveLength(3);
});
