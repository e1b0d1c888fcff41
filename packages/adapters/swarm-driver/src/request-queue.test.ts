import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { RequestQueue } from './request-queue.ts';

it('answers one request at a time, in their order, and what was not understood at last', async () => {
  const queues = new RequestQueue(new PassThrough());
  const done: string[] = [];
  const first = Promise.withResolvers<void>();
  queues.next(() => first.promise.then(() => void done.push('first')));
  queues.next(async () => void done.push('second'));
  queues.break(() => done.push('broken'));
  expect(queues.broken.aborted).toBe(true);
  expect(done).toEqual([]);
  first.resolve();
  await expect.poll(() => done).toEqual(['first', 'second', 'broken']);
});

it('answers nobody on a connection that is gone', async () => {
  const socket = new PassThrough();
  const queues = new RequestQueue(socket);
  const first = Promise.withResolvers<void>();
  const done: string[] = [];
  queues.next(() => first.promise);
  queues.next(async () => void done.push('second'));
  socket.destroy();
  first.resolve();
  await new Promise(setImmediate);
  expect(done).toEqual([]);
});

it('closes the connection of a client that sends requests without waiting for responses', () => {
  const socket = new PassThrough();
  const queues = new RequestQueue(socket);
  for (let asked = 1; asked <= 100; asked++) queues.next(() => new Promise(() => {}));
  expect(socket.destroyed).toBe(false);
  queues.next(() => new Promise(() => {}));
  expect(socket.destroyed).toBe(true);
});
