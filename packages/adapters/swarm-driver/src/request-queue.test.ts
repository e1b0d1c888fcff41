import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { ConnectionTurns } from './request-queue.ts';

it('answers one request at a time, in their order, and what was not understood at last', async () => {
  const turns = new ConnectionTurns(new PassThrough());
  const done: string[] = [];
  const first = Promise.withResolvers<void>();
  turns.next(() => first.promise.then(() => void done.push('first')));
  turns.next(async () => void done.push('second'));
  turns.break(() => done.push('broken'));
  expect(turns.broken.aborted).toBe(true);
  expect(done).toEqual([]);
  first.resolve();
  await expect.poll(() => done).toEqual(['first', 'second', 'broken']);
});

it('answers nobody on a connection that is gone', async () => {
  const socket = new PassThrough();
  const turns = new ConnectionTurns(socket);
  const first = Promise.withResolvers<void>();
  const done: string[] = [];
  turns.next(() => first.promise);
  turns.next(async () => void done.push('second'));
  socket.destroy();
  first.resolve();
  await new Promise(setImmediate);
  expect(done).toEqual([]);
});

it('cuts off who asks on and on without waiting for an answer', () => {
  const socket = new PassThrough();
  const turns = new ConnectionTurns(socket);
  for (let asked = 1; asked <= 100; asked++) turns.next(() => new Promise(() => {}));
  expect(socket.destroyed).toBe(false);
  turns.next(() => new Promise(() => {}));
  expect(socket.destroyed).toBe(true);
});
