// The log lines of the troubleshooting guide are what the log writes.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { eventCatalog, type PluginEvent } from '../apps/plugin/src/plugin-events.ts';
import { logLine } from '../packages/adapters/logging/src/log-line.ts';
import { notFound } from '../packages/adapters/vault/src/kv.ts';
import { vaultErrorOf } from '../packages/adapters/vault/src/vault-error.ts';
import { connectionFailure } from '../packages/core/kernel/src/connection-failure.ts';
import { readBlocks } from '../packages/testing/lab/src/documents/document-blocks.ts';

const guide = readFileSync(join(resolve(import.meta.dirname, '..'), 'docs/guides/troubleshooting.md'), 'utf8');
const shown = readBlocks(guide).flatMap(({ language, text }) =>
  language === 'text' ? text.trimEnd().split('\n') : [],
);

const of = { service: 'web', secrets: ['db_password'] } as const;
const change = { previous: '6', createdAtMs: null } as const;
const paused = 'update paused due to failure or early termination of task x';
const location = { mount: 'secret', path: 'app/db', v1Path: 'app/db', displayName: 'vault secret/app/db' };
const sealed = vaultErrorOf(
  {
    status: 503,
    body: { errors: ['Vault is sealed'] },
    bodyLength: 30,
    retryAfterMs: undefined,
    serverTimeMs: undefined,
  },
  location.displayName,
);
const events: readonly PluginEvent[] = [
  {
    type: 'delivery.failed',
    secret: 'db_password',
    service: 'web',
    task: 'x',
    provider: 'vault',
    code: 'NOT_FOUND',
    message: notFound({ ...location, pin: undefined, earlier: false, displayMount: 'secret/' }, 'v2').message,
    durationMs: 1,
  },
  { type: 'driver.listening', socket: '/run/docker/plugins/vault-secrets-plugin.sock' },
  {
    type: 'revision.changed',
    provider: 'vault',
    secrets: ['db_password'],
    revision: '7',
    ...change,
    valueChanged: true,
  },
  {
    type: 'rollout.started',
    ...of,
    generation: 3,
    cause: [{ secret: 'db_password', from: '6', to: '7', noticedBy: 'poll', hook: null, noticedAtMs: 0 }],
  },
  { type: 'rollout.completed', ...of, generation: 3, durationMs: 12_000 },
  { type: 'leadership.changed', leader: true },
  {
    type: 'provider.failed',
    provider: 'vault',
    code: 'UNAVAILABLE',
    message: `vault at http://127.0.0.1:8200 ${connectionFailure('ECONNREFUSED')?.reason} (ECONNREFUSED); check VAULT_ADDR, and that it runs`,
  },
  {
    type: 'revision.changed',
    provider: 'vault',
    secrets: ['db_password'],
    revision: '8',
    ...change,
    valueChanged: false,
  },
  { type: 'rollout.failed', ...of, reason: 'paused', message: paused },
  { type: 'quarantine.started', ...of, message: 'exit code 1 after 2 s' },
  { type: 'rollback.started', ...of, generation: 4 },
  { type: 'rollback.completed', ...of, generation: 4, durationMs: 15_000 },
  { type: 'rollout.failed', ...of, reason: 'stuck', message: 'no suitable node (insufficient resources on 3 nodes)' },
  { type: 'rollout.failed', ...of, reason: 'rejected', message: 'network app not found' },
  { type: 'provider.failed', provider: 'vault', code: 'UNAVAILABLE', message: sealed.message },
  { type: 'circuit-breaker.changed', provider: 'vault', open: true },
  { type: 'provider.recovered', provider: 'vault' },
  {
    type: 'orchestrator.failed',
    operation: 'observe',
    message: 'unix:///var/run/docker.sock did not answer GET /services within 5000 ms',
  },
];

/** An event's line as the guide shows it, without its time. */
const line = (event: PluginEvent) =>
  logLine(eventCatalog.record({ ...event, atMs: 0 }), 'text').slice('1970-01-01T00:00:00.000Z '.length);

test("each log line of the guide is an event's own, and each event is in it", () => {
  const ofSwarm = /^unable to get secret from secret store: /;
  expect(shown.filter((text) => !ofSwarm.test(text)).sort()).toEqual(events.map(line).sort());
});
