import { type Clock, EventBus } from '@vault-swarm/kernel';
import {
  AccessGuard,
  ALLOW_ALL,
  type DeliveryRecord,
  LabelReader,
  type ProductEvent,
  ProviderError,
  type ProviderInstance,
  type RevisionOrder,
  type RevisionReader,
  type RevisionRequest,
  type RevisionSelection,
  type SecretRevision,
  SecretValue,
  type TimedEvent,
} from '@vault-swarm/provider';
import { Delivery, type DeliveryLimits } from '../delivery.ts';

const scheme = {
  kind: 'vault',
  names: ['vault_path'],
  target: (labels: Readonly<Record<string, string>>, defaultPath: () => string) => ({
    location: { path: labels.vault_path ?? defaultPath() },
  }),
};

/** A delivery with a clock and a provider that the test controls. */
export function setUp(limits: Partial<DeliveryLimits> = {}, listener: (event: TimedEvent) => void = () => undefined) {
  const timers = new Map<() => void, number>();
  const time = { nowMs: 0 };
  const clock: Clock = {
    now: () => time.nowMs,
    monotonic: () => time.nowMs,
    after: (delayMs, callback) => {
      timers.set(callback, time.nowMs + delayMs);
      return () => timers.delete(callback);
    },
  };
  const answers: ((signal: AbortSignal) => Promise<SecretRevision>)[] = [];
  const reads: string[] = [];
  const asked: RevisionRequest[] = [];
  const old: {
    reader: RevisionReader | null;
    order: RevisionOrder | null;
    choice: RevisionSelection | Promise<RevisionSelection>;
    recordFails: boolean;
  } = { reader: null, order: null, choice: { kind: 'current' }, recordFails: false };
  const provider: ProviderInstance = {
    name: 'vault',
    probe: null,
    hints: null,
    leases: null,
    holders: null,
    get revisions() {
      return old.reader;
    },
    get order() {
      return old.order;
    },
    secrets: {
      read: (ref, { signal }) => {
        reads.push(ref.location.path ?? '');
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        return answer === undefined ? Promise.reject(new Error('no answer was set up')) : answer(signal);
      },
    },
    close: async () => undefined,
  };
  const events: TimedEvent[] = [];
  const bus = new EventBus<ProductEvent>(clock);
  bus.subscribe(listener, 'listener of the test');
  bus.subscribe((event) => events.push(event));
  const delivered: Omit<DeliveryRecord, 'value'>[] = [];
  const delivery = new Delivery({
    labels: new LabelReader([{ name: 'vault', scheme }]),
    access: new AccessGuard(ALLOW_ALL),
    findProvider: async () => provider,
    clock,
    events: bus,
    record: ({ value: _, ...entry }) => {
      delivered.push(entry);
      if (old.recordFails) throw new Error('it was not recorded');
    },
    choice: {
      choose: (request) => {
        asked.push(request);
        return old.choice;
      },
    },
    leased: { deliver: async () => ({ kind: 'already-delivered' }) },
    limits: {
      deadlineMs: 2_000,
      cacheMaxAgeMs: 10_000,
      staleIfErrorMs: 60_000,
      staleIfUnauthenticatedMs: 30_000,
      cache: { maxRevisions: 100, maxBytes: 1_000_000 },
      ...limits,
    },
  });
  const advance = async (durationMs: number) => {
    time.nowMs += durationMs;
    for (const [callback, atMs] of [...timers]) {
      if (atMs > time.nowMs) continue;
      timers.delete(callback);
      callback();
    }
    for (let round = 0; round < 50; round++) await Promise.resolve();
  };
  const ask = (secretName = 'db') =>
    delivery.get({ secretName, labels: { vault_path: secretName }, serviceId: 's1', serviceName: 'web', taskId: 't1' });
  return { delivery, old, answers, asked, reads, events, delivered, advance, ask };
}

/** Orders revisions by their names. */
export const byName: RevisionOrder = { compare: (a, b) => (a < b ? -1 : Number(a > b)) };
/** One version of a value. */
export const revision = (text: string, name = 'r1'): SecretRevision => ({
  value: SecretValue.fromText(text),
  revision: name,
});
/** An answer of the provider. */
export const gives = (text: string, name?: string) => async () => revision(text, name);
/** An error of the provider. */
export const fails = (code: ProviderError['code']) => async () =>
  Promise.reject(new ProviderError(code, 'the provider says no'));
/** A provider that never answers. */
export const hangs = () => new Promise<never>(() => undefined);

/** The delivered value, or the code of the error. */
export const textOf = (answer: Awaited<ReturnType<Delivery['get']>>) =>
  answer.kind === 'value' ? new TextDecoder().decode(answer.value.reveal()) : `${answer.code}`;
