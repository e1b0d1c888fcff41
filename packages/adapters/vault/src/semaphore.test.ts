import { describe, expect, test } from 'vitest';
import { Semaphore } from './semaphore.ts';

const live = () => new AbortController().signal;
const loopTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  test('are taken in order, no more at once than the limit', async () => {
    const semaphore = new Semaphore(2);
    const order: number[] = [];
    const all = [1, 2, 3, 4].map((number) => semaphore.take(live()).then(() => order.push(number)));
    await loopTurn();
    expect(order).toEqual([1, 2]);
    semaphore.release();
    await loopTurn();
    expect(order).toEqual([1, 2, 3]);
    semaphore.release();
    semaphore.release();
    await Promise.all(all);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  test('are available one turn of the event loop after their release', async () => {
    const semaphore = new Semaphore(3);
    await Promise.all([semaphore.take(live()), semaphore.take(live())]);
    semaphore.release();
    semaphore.release();
    let taken = 0;
    const asking = [1, 2].map(() => semaphore.take(live()).then(() => taken++));
    await Promise.resolve();
    expect(taken).toBe(0);
    await Promise.all(asking);
    expect(taken).toBe(2);
  });

  test('are not given to aborted callers, but to the next one', async () => {
    const semaphore = new Semaphore(1);
    await semaphore.take(live());
    const controller = new AbortController();
    const aborted = semaphore.take(controller.signal);
    const next = semaphore.take(live());
    controller.abort(new Error('the reason'));
    await expect(aborted).rejects.toThrow('the reason');
    await expect(semaphore.take(controller.signal)).rejects.toThrow('the reason');
    semaphore.release();
    await next;
  });
});
