import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { LazyApp } from './lazy-app.ts';
import type { MonitoringEvent } from './monitoring-events.ts';

const request = (url: string) => ({ url }) as IncomingMessage;

function setUp() {
  const events: MonitoringEvent[] = [];
  const loads: PromiseWithResolvers<void>[] = [];
  const answered: (string | undefined)[] = [];
  const refused: number[] = [];
  const response = {
    writeHead: (status: number) => {
      refused.push(status);
      return { end: () => undefined };
    },
  } as unknown as ServerResponse;
  const app = new LazyApp({ emit: (event) => events.push(event) }, async () => {
    const load = Promise.withResolvers<void>();
    loads.push(load);
    await load.promise;
    return { handle: ({ url }) => answered.push(url), closeStreams: () => answered.push('closed') };
  });
  return { app, loads, answered, refused, events, ask: (url: string) => app.handle(request(url), response) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('nothing is loaded before the first request, and concurrent requests are answered in their order', async () => {
  const { app, loads, answered, ask } = setUp();
  app.closeStreams();
  expect(loads.length).toBe(0);
  ask('/a');
  ask('/b');
  await turn();
  expect([loads.length, answered]).toEqual([1, []]);
  loads[0]?.resolve();
  await turn();
  ask('/c');
  app.closeStreams();
  expect(answered).toEqual(['/a', '/b', '/c', 'closed']);
});

test('if it can not be loaded the request is answered with 500, and the next one tries again', async () => {
  const { loads, answered, refused, events, ask } = setUp();
  ask('/a');
  loads[0]?.reject(new Error('index.html is missing'));
  await turn();
  expect(refused).toEqual([500]);
  expect(events).toEqual([{ type: 'monitoring.failed', message: 'index.html is missing' }]);
  ask('/b');
  loads[1]?.resolve();
  await turn();
  expect(answered).toEqual(['/b']);
});
