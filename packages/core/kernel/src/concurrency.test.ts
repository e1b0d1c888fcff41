import { expect, test } from 'vitest';
import { mapConcurrently } from './concurrency.ts';

test('maps all items with no more calls at once than the limit, and gives the results in their order', async () => {
  let inFlight = 0;
  let most = 0;
  const results = await mapConcurrently(new Set([3, 1, 2]), 2, async (item) => {
    most = Math.max(most, ++inFlight);
    for (let turn = 0; turn < item; turn++) await null;
    inFlight--;
    return item * 10;
  });
  expect(results).toEqual([30, 10, 20]);
  expect(most).toBe(2);
  expect(await mapConcurrently([], 2, async () => 1)).toEqual([]);
});

test('starts no further call after the first failure, and rejects with it', async () => {
  const started: number[] = [];
  const mapped = mapConcurrently([1, 2, 3, 4], 2, async (item) => {
    started.push(item);
    await null;
    if (item === 1) throw new Error('the first one fails');
  });
  await expect(mapped).rejects.toThrow('the first one fails');
  await null;
  expect(started).toEqual([1, 2]);
});
