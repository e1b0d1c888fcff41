import { EventBus } from '@vault-swarm/kernel';
import { Readiness } from '@vault-swarm/metrics';
import {
  LabelReader,
  type Problem,
  type ProductEvent,
  ProviderError,
  type ProviderInstance,
  problem,
  type SecretRevision,
  SecretValue,
  type TimedEvent,
} from '@vault-swarm/provider';
import type { SecretStatus } from '@vault-swarm/rotation';
import { expect, test } from 'vitest';
import { ProviderHealthCheck } from './provider-health-check.ts';
import { systemClock } from './system/clock.ts';

type Read = () => Promise<SecretRevision>;

const value: Read = async () => ({ value: SecretValue.fromText('x'), revision: 'r1' });
const refuse = (code: ProviderError['code'], retryAfterMs?: number): Read => {
  const options = retryAfterMs === undefined ? {} : { retryAfterMs };
  return () => Promise.reject(new ProviderError(code, 'no', options));
};
const going = new AbortController().signal;

/** An inquiry at providers of these names, each of which answers as `reads` says then. */
function inquire(reads: Record<string, Read>) {
  const names = Object.keys(reads);
  const asked: string[] = [];
  const seen: TimedEvent[] = [];
  const events = new EventBus<ProductEvent>(systemClock);
  const readiness = new Readiness(systemClock, 'Docker');
  const instance = (name: string): ProviderInstance => ({
    name,
    secrets: {
      read: () => {
        asked.push(name);
        return (reads[name] ?? value)();
      },
    },
    probe: null,
    hints: null,
    revisions: null,
    order: null,
    leases: null,
    holders: null,
    close: async () => undefined,
  });
  const scheme = (kind: string) => ({
    kind,
    names: [],
    target: (_labels: unknown, path: () => string) => ({ location: { path: path() } }),
  });
  const status: { secrets: SecretStatus[]; problems: Problem[] } = { secrets: [], problems: [] };
  const healthCheck = new ProviderHealthCheck({
    names,
    findProvider: async (name) => instance(name),
    labels: new LabelReader(names.map((name) => ({ name, scheme: scheme(name) }))),
    readiness,
    status: () => status,
    clock: systemClock,
    events,
  });
  events.subscribe((event) => healthCheck.observe(event));
  events.subscribe((event) => void seen.push(event));
  const reported = () => seen.map(({ type }) => type).filter((type) => type !== 'provider.request-completed');
  return { inquiry: healthCheck, asked, reported, events, readiness, status };
}

const failedRequest: ProductEvent = {
  type: 'provider.request-completed',
  provider: 'vault',
  operation: 'read',
  outcome: 'UNAVAILABLE',
  durationMs: 1,
};

test.each<[string, Read, readonly string[]]>([
  ['a value', value, ['Docker']],
  ['that there is nothing', refuse('NOT_FOUND'), ['Docker']],
  ['that we may not read it', refuse('ACCESS_DENIED'), ['Docker']],
  ['that our login is refused', refuse('UNAUTHENTICATED'), ['Docker', 'a provider']],
  ['nothing', refuse('UNAVAILABLE'), ['Docker', 'a provider']],
])('the plugin is ready, or not, when the provider answers %s', async (_what, read, waitingFor) => {
  const { inquiry: healthCheck, readiness } = inquire({ vault: read });
  await healthCheck.round(going);
  expect(readiness.waitingFor).toEqual(waitingFor);
});

test('each provider is asked until it has answered once', async () => {
  const reads = { vault: value, file: refuse('UNAVAILABLE') };
  const { inquiry: healthCheck, asked } = inquire(reads);
  await healthCheck.round(going);
  await healthCheck.round(going);
  expect(asked).toEqual(['vault', 'file', 'file']);
  reads.file = value;
  await healthCheck.round(going);
  await healthCheck.round(going);
  expect(asked).toEqual(['vault', 'file', 'file', 'file']);
});

test('a provider that does not answer is reported once, and once when it answers again', async () => {
  const reads = { vault: refuse('UNAVAILABLE') };
  const { inquiry: healthCheck, reported } = inquire(reads);
  await healthCheck.round(going);
  await healthCheck.round(going);
  expect(reported()).toEqual(['provider.failed']);
  reads.vault = value;
  await healthCheck.round(going);
  expect(reported()).toEqual(['provider.failed', 'provider.recovered']);
});

const used: SecretStatus = {
  name: 'db',
  provider: 'vault',
  ref: 'vault secret/db',
  rotate: 'auto',
  pinned: false,
  revision: '1',
  changedAtMs: null,
  services: ['web'],
  problem: null,
};

const delivery = { secret: 'db', service: 'web', task: 't', provider: 'vault', durationMs: 1 };
test.each<[string, ProductEvent]>([
  ['request failed', failedRequest],
  [
    'value was refused since our login is',
    { type: 'delivery.failed', ...delivery, code: 'UNAUTHENTICATED', message: '' },
  ],
  ['answer did not come in time', { type: 'delivery.failed', ...delivery, code: 'DEADLINE', message: '' }],
  ['value was a stale one', { type: 'secret.delivered', ...delivery, revision: '1', source: 'stale' }],
])('a provider whose latest %s is asked once more', async (_what, event) => {
  const { inquiry: healthCheck, asked, events } = inquire({ vault: value });
  await healthCheck.round(going);
  events.emit(event);
  await healthCheck.round(going);
  await healthCheck.round(going);
  expect(asked).toEqual(['vault', 'vault']);
});

test('a provider that the rotation polls is not checked again', async () => {
  const { inquiry: healthCheck, asked, events, status } = inquire({ vault: value });
  await healthCheck.round(going);
  status.secrets.push(used);
  events.emit(failedRequest);
  await healthCheck.round(going);
  expect(asked).toEqual(['vault']);
  status.secrets.splice(0, 1, { ...used, pinned: true });
  await healthCheck.round(going);
  expect(asked).toEqual(['vault', 'vault']);
});

test('a provider that the rotation found silent is not asked, though it never answered', async () => {
  const { inquiry: healthCheck, asked, status } = inquire({ vault: value });
  status.problems.push(problem('PROVIDER_UNAVAILABLE', 'vault', { provider: 'vault' }));
  await healthCheck.round(going);
  expect(asked).toEqual([]);
});

test('a provider gets no requests during its Retry-After time', async () => {
  const { inquiry: healthCheck, asked } = inquire({ vault: refuse('RATE_LIMITED', 60_000) });
  await healthCheck.round(going);
  await healthCheck.round(going);
  expect(asked).toEqual(['vault']);
});

test('only the provider of secrets that name none lets the socket be taken over', async () => {
  const { inquiry: healthCheck, readiness } = inquire({ vault: refuse('UNAVAILABLE'), file: value });
  await healthCheck.round(going);
  readiness.observe({ type: 'reconcile.completed', durationMs: 1, orchestratorAnswered: true, atMs: 0 });
  expect([readiness.waitingFor, readiness.canTakeOver]).toEqual([[], false]);
});
