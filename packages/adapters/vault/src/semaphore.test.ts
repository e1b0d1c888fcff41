import { describe, expect, test } from 'vitest';
import { Turns } from './semaphore.ts';

const live = () => new AbortController().signal;
const loopTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  test('are taken in order, no more at once than the limit', async () => {
    const turns = new Turns(2);
    const order: number[] = [];
    const all = [1, 2, 3, 4].map((number) => turns.take(live()).then(() => order.push(number)));
    await loopTurn();
    expect(order).toEqual([1, 2]);
    turns.giveBack();
    await loopTurn();
    expect(order).toEqual([1, 2, 3]);
    turns.giveBack();
    turns.giveBack();
    await Promise.all(all);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  test('are free one turn of the event loop after they were given back, for all who ask meanwhile', async () => {
    const turns = new Turns(3);
    await Promise.all([turns.take(live()), turns.take(live())]);
    turns.giveBack();
    turns.giveBack();
    let taken = 0;
    const asking = [1, 2].map(() => turns.take(live()).then(() => taken++));
    await Promise.resolve();
    expect(taken).toBe(0);
    await Promise.all(asking);
    expect(taken).toBe(2);
  });

  test('are not waited for by who was aborted, and go to the next one', async () => {
    const turns = new Turns(1);
    await turns.take(live());
    const controller = new AbortController();
    const aborted = turns.take(controller.signal);
    const next = turns.take(live());
    controller.abort(new Error('the reason'));
    await expect(aborted).rejects.toThrow('the reason');
    await expect(turns.take(controller.signal)).rejects.toThrow('the reason');
    turns.giveBack();
    await next;
  });
});
