import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ApiError } from '../api/client.ts';
import type { StreamMessage } from '../api/stream.ts';
import { Connection, isConnected } from './connection.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Opening {
  readonly lastEventId: string | null;
  readonly accept: () => { readonly say: (text: string) => void; readonly end: () => void };
  readonly refuse: (error: unknown) => void;
}

function setUp() {
  const openings: Opening[] = [];
  const heard: StreamMessage[] = [];
  let opened = 0;
  const connection = new Connection({
    now: () => Date.now(),
    random: () => 0,
    onOpen: () => {
      opened += 1;
    },
    onMessage: (message) => heard.push(message),
    api: {
      openStream: (lastEventId, signal) => {
        const { promise, resolve, reject } = Promise.withResolvers<ReadableStream<Uint8Array>>();
        signal.addEventListener('abort', () => reject(signal.reason));
        const accept = () => {
          const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
          const writer = writable.getWriter();
          signal.addEventListener('abort', () => void writer.abort(signal.reason).catch(() => {}));
          resolve(readable);
          return {
            say: (text: string) => void writer.write(new TextEncoder().encode(text)),
            end: () => void writer.close(),
          };
        };
        openings.push({ lastEventId, accept, refuse: reject });
        return promise;
      },
    },
  });
  void connection.run();
  const turn = () => vi.advanceTimersByTimeAsync(0);
  return { connection, openings, heard, turn, opened: () => opened };
}

const EVENT = 'event: event\nid: 17\ndata: {"id":17,"message":"x"}\n\n';

test('passes on what the stream says, in whatever pieces it comes, and nothing that it does not know', async () => {
  const { connection, openings, heard, turn, opened } = setUp();
  const stream = openings[0]?.accept();
  await turn();
  expect(connection.state.value.kind).toBe('live');
  expect(opened()).toBe(1);
  stream?.say(': hello\n\nevent: other\ndata: 1\n\nevent: changed\ndata: {"secrets":"\\"a\\"",');
  stream?.say('"services":"\\"b\\""}\n\n');
  await turn();
  expect(heard).toEqual([{ kind: 'changed', tags: { secrets: '"a"', services: '"b"' } }]);
  connection.stop();
});

test('a stream that ends is opened again after a while, from the last event on', async () => {
  const { connection, openings, turn } = setUp();
  const stream = openings[0]?.accept();
  stream?.say(EVENT);
  await turn();
  stream?.end();
  await turn();
  expect(connection.state.value).toMatchObject({ kind: 'lost', reason: 'The plugin ended the connection' });
  await vi.advanceTimersByTimeAsync(999);
  expect(openings).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(openings[1]?.lastEventId).toBe('17');
  connection.stop();
});

test('a stream that says nothing for 25 s counts as lost', async () => {
  const { connection, openings, turn } = setUp();
  const stream = openings[0]?.accept();
  await turn();
  await vi.advanceTimersByTimeAsync(20_000);
  stream?.say(': still here\n\n');
  await vi.advanceTimersByTimeAsync(24_000);
  expect(connection.state.value.kind).toBe('live');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(connection.state.value).toMatchObject({ kind: 'lost', reason: 'The plugin does not answer' });
  connection.stop();
});

test('each failure in a row waits longer, a wait that the plugin asks for is kept, and the user need not wait', async () => {
  const { connection, openings, turn } = setUp();
  openings[0]?.refuse(new TypeError('failed to fetch'));
  await turn();
  expect(connection.state.value).toMatchObject({ kind: 'lost', retryAtMs: Date.now() + 1_000 });
  await vi.advanceTimersByTimeAsync(1_000);
  openings[1]?.refuse(new ApiError(429, 'Ask later', 5_000));
  await turn();
  expect(connection.state.value).toMatchObject({ reason: 'Ask later', retryAtMs: Date.now() + 5_000 });
  connection.retryNow();
  await turn();
  expect(connection.state.value.kind).toBe('retrying');
  openings[2]?.accept();
  await turn();
  expect(connection.state.value.kind).toBe('live');
  connection.stop();
});

test('if the session has ended nothing is tried until the user has signed in', async () => {
  const { connection, openings, turn } = setUp();
  openings[0]?.refuse(new ApiError(401, 'Send the token', null));
  await turn();
  expect(connection.state.value.kind).toBe('signed-out');
  await vi.advanceTimersByTimeAsync(600_000);
  expect(openings).toHaveLength(1);
  connection.retryNow();
  await turn();
  expect(openings).toHaveLength(2);
  connection.stop();
});

test('a session that ends while the stream is open ends it', async () => {
  const { connection, openings, turn } = setUp();
  openings[0]?.accept();
  await turn();
  connection.signedOut();
  await turn();
  expect(connection.state.value.kind).toBe('signed-out');
  expect(openings).toHaveLength(1);
  connection.stop();
});

test('a plugin that accepts no more streams is still connected, and is polled instead', async () => {
  const { connection, openings, turn, opened } = setUp();
  openings[0]?.refuse(new ApiError(503, 'No more streams', 30_000));
  await turn();
  expect(connection.state.value.kind).toBe('crowded');
  expect(isConnected(connection.state.value)).toBe(true);
  expect(opened()).toBe(1);
  await vi.advanceTimersByTimeAsync(30_000);
  openings[1]?.accept();
  await turn();
  expect(connection.state.value.kind).toBe('live');
  connection.stop();
});
