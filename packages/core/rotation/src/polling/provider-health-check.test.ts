import { EventBus } from '@vault-swarm/kernel';
import {
  LabelReader,
  type ProductEvent,
  ProviderError,
  type ProviderInstance,
  type SecretRevision,
  SecretValue,
  type TimedEvent,
} from '@vault-swarm/provider';
import { SimulatedClock } from '@vault-swarm/simulation';
import { expect, test } from 'vitest';
import { ProviderHealthCheck } from './provider-health-check.ts';
import { ProviderOutages } from './provider-outages.ts';

type Read = () => Promise<SecretRevision>;

const value: Read = async () => ({ value: SecretValue.fromText('x'), revision: 'r1' });
const refuse = (code: ProviderError['code'], retryAfterMs?: number): Read => {
  const options = retryAfterMs === undefined ? {} : { retryAfterMs };
  return () => Promise.reject(new ProviderError(code, 'no', options));
};
const going = new AbortController().signal;

/** Checks of providers of these names, each of which answers as `reads` says then. */
function setUp(reads: Record<string, Read>) {
  const names = Object.keys(reads);
  const asked: string[] = [];
  const seen: TimedEvent[] = [];
  const clock = new SimulatedClock();
  const events = new EventBus<ProductEvent>(clock);
  const answered: string[] = [];
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
  const polls = { isPolled: false, isFailing: false };
  const outages = new ProviderOutages(events);
  const healthCheck = new ProviderHealthCheck({
    names,
    findProvider: async (name) => instance(name),
    labels: new LabelReader(names.map((name) => ({ name, scheme: scheme(name) }))),
    pollsOf: () => polls,
    onAnswer: (name) => answered.push(name),
    outages,
    clock,
  });
  events.subscribe((event) => healthCheck.observe(event));
  events.subscribe((event) => void seen.push(event));
  const reported = () => seen.map(({ type }) => type).filter((type) => type !== 'provider.request-completed');
  return { healthCheck, asked, answered, reported, events, outages, polls };
}

const failedRequest: ProductEvent = {
  type: 'provider.request-completed',
  provider: 'vault',
  operation: 'read',
  outcome: 'UNAVAILABLE',
  durationMs: 1,
};

test.each<[string, Read, readonly string[]]>([
  ['a value', value, ['vault']],
  ['that there is nothing', refuse('NOT_FOUND'), ['vault']],
  ['that the plugin may not read it', refuse('ACCESS_DENIED'), ['vault']],
  ['that the login is refused', refuse('UNAUTHENTICATED'), []],
  ['nothing', refuse('UNAVAILABLE'), []],
])('a check shows whether the provider serves the plugin when it answers %s', async (_what, read, expected) => {
  const { healthCheck, answered } = setUp({ vault: read });
  await healthCheck.round(going);
  expect(answered).toEqual(expected);
});

test('each provider is asked until it has answered once', async () => {
  const reads = { vault: value, file: refuse('UNAVAILABLE') };
  const { healthCheck, asked } = setUp(reads);
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
  const { healthCheck, reported } = setUp(reads);
  await healthCheck.round(going);
  await healthCheck.round(going);
  expect(reported()).toEqual(['provider.failed']);
  reads.vault = value;
  await healthCheck.round(going);
  expect(reported()).toEqual(['provider.failed', 'provider.recovered']);
});

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
  const { healthCheck, asked, events } = setUp({ vault: value });
  await healthCheck.round(going);
  events.emit(event);
  await healthCheck.round(going);
  await healthCheck.round(going);
  expect(asked).toEqual(['vault', 'vault']);
});

test('a provider that the rotation polls is not checked again', async () => {
  const { healthCheck, asked, events, polls } = setUp({ vault: value });
  await healthCheck.round(going);
  polls.isPolled = true;
  events.emit(failedRequest);
  await healthCheck.round(going);
  expect(asked).toEqual(['vault']);
  polls.isPolled = false;
  await healthCheck.round(going);
  expect(asked).toEqual(['vault', 'vault']);
});

test('a provider whose polls fail is not asked, though it never answered', async () => {
  const { healthCheck, asked, polls } = setUp({ vault: value });
  Object.assign(polls, { isPolled: true, isFailing: true });
  await healthCheck.round(going);
  expect(asked).toEqual([]);
});

test('an outage that a poll found ends with a check, if the secrets are no longer in use', async () => {
  const { healthCheck, outages, polls, reported } = setUp({ vault: value });
  outages.failed('vault', { code: 'UNAVAILABLE', message: 'sealed' });
  polls.isFailing = true;
  await healthCheck.round(going);
  expect(reported()).toEqual(['provider.failed']);
  polls.isFailing = false;
  await healthCheck.round(going);
  expect(reported()).toEqual(['provider.failed', 'provider.recovered']);
});

test('a provider gets no requests during its Retry-After time', async () => {
  const { healthCheck, asked } = setUp({ vault: refuse('RATE_LIMITED', 60_000) });
  await healthCheck.round(going);
  await healthCheck.round(going);
  expect(asked).toEqual(['vault']);
});
