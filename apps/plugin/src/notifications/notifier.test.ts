import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Credential, type TimedEvent } from '@vault-swarm/provider';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { eventCatalog } from '../plugin-events.ts';
import { systemClock } from '../system/clock.ts';
import type { NotificationConfig } from './notification-config.ts';
import type { NotificationEvent } from './notification-events.ts';
import { Notifier } from './notifier.ts';

const KEY = randomBytes(32);
const failure: TimedEvent = {
  ...{ type: 'rollout.failed', service: 'web', secrets: ['db'], reason: 'stuck', message: 'no suitable node' },
  cause: [{ secret: 'db', from: '6', to: '7', noticedBy: 'hook', hook: 'audit', noticedAtMs: 1_000 }],
  atMs: Date.UTC(2026, 2, 1),
};

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let server: Server;
let received: Received[] = [];
let statuses: number[] = [];
let emitted: NotificationEvent[] = [];
let isLeading = true;
let notifier: Notifier;

beforeEach(async () => {
  [received, statuses, emitted, isLeading] = [[], [], [], true];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(statuses.shift() ?? 200, { Location: '/elsewhere' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  notifier = start(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`);
});

afterEach(async () => {
  notifier.close();
  await new Promise((resolve) => server.close(resolve));
});

/** Pauses between attempts take no time. */
function start(url: string): Notifier {
  const secret = new Credential('notifications.ops.secret_file', () => `whsec_${KEY.toString('base64')}`);
  const config: NotificationConfig = { name: 'ops', url, secret, events: ['rollout.failed', 'provider.failed'] };
  return new Notifier(config, {
    clock: { ...systemClock, after: (_delayMs, callback) => systemClock.after(0, callback) },
    random: { next: () => 0.5 },
    events: { emit: (event) => emitted.push(event) },
    catalog: eventCatalog,
    isLeading: () => isLeading,
  });
}

test('a chosen event is sent, signed as Standard Webhooks', async () => {
  notifier.observe(failure);
  await vi.waitFor(() => expect(emitted).toEqual([{ type: 'notification.sent', notification: 'ops' }]), 15_000);
  const [{ headers, body } = { headers: {}, body: '' }] = received;
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', KEY).update(signed).digest('base64')}`);
  expect(JSON.parse(body)).toEqual({
    type: 'rollout.failed',
    timestamp: '2026-03-01T00:00:00.000Z',
    data: {
      severity: 'error',
      message: expect.stringContaining('no suitable node'),
      detail: 'no suitable node',
      ...{ service: 'web', secrets: ['db'], reason: 'stuck' },
      cause: [
        { secret: 'db', from: '6', to: '7', noticed_by: 'hook', hook: 'audit', noticed_at: '1970-01-01T00:00:01.000Z' },
      ],
    },
  });
});

test('other events, and all events of a standby, are not sent', async () => {
  notifier.observe({ type: 'provider.recovered', provider: 'vault', atMs: 1 });
  isLeading = false;
  notifier.observe(failure);
  isLeading = true;
  notifier.observe({ type: 'provider.failed', provider: 'vault', code: 'UNAVAILABLE', message: 'down', atMs: 1 });
  await vi.waitFor(() => expect(emitted.length).toBe(1), 15_000);
  expect(received.map(({ body }) => JSON.parse(body).type)).toEqual(['provider.failed']);
});

test('a message is repeated with the same id until the receiver accepts it', async () => {
  statuses = [500, 429, 200];
  notifier.observe(failure);
  await vi.waitFor(() => expect(emitted).toEqual([{ type: 'notification.sent', notification: 'ops' }]), 15_000);
  expect(received.length).toBe(3);
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
});

test.each([
  [410, 1],
  [302, 1],
  [500, 8],
])('a receiver that always answers %i is asked %i times, and then it is a failure', async (status, times) => {
  statuses = Array(20).fill(status);
  notifier.observe(failure);
  const failed = { type: 'notification.failed', notification: 'ops', result: 'failed' };
  const message = `the receiver answered ${status}`;
  await vi.waitFor(() => expect(emitted).toEqual([{ ...failed, message }]), 15_000);
  expect(received.length).toBe(times);
});

test('a receiver that is not reached does not stop later messages, and the queue is bounded', async () => {
  notifier = start('http://127.0.0.1:1/');
  for (let events = 0; events < 150; events++) notifier.observe(failure);
  expect(emitted.length).toBe(50);
  expect(emitted[0]).toMatchObject({ type: 'notification.failed', result: 'dropped' });
  await vi.waitFor(
    () => expect(emitted.some((event) => 'result' in event && event.result === 'failed')).toBe(true),
    15_000,
  );
});
