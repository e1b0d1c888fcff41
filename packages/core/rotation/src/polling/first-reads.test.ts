import {
  type ProbeResult,
  ProviderError,
  type ProviderInstance,
  refKey,
  type SecretRef,
  type SecretRevision,
  SecretValue,
} from '@vault-swarm/provider';
import { expect, test } from 'vitest';
import { ProviderOutages } from './provider-outages.ts';
import { ProviderWatcher } from './provider-watcher.ts';

const ref = (path: string): SecretRef => ({ provider: 'vault', location: { path }, encoding: 'raw' });
const A = ref('a');
const B = ref('b');
const ONLY_A = new Map([[refKey(A), A]]);
const BOTH = new Map([...ONLY_A, [refKey(B), B]]);

/** A provider that has the revision `current`, and whose probe names the revision `named`, or ends as `result`. */
function setUp({ namesRevisions }: { readonly namesRevisions: boolean }) {
  const provider = {
    current: 'r1',
    named: 'r1',
    result: undefined as ProbeResult | undefined,
    refusal: undefined as ProviderError | undefined,
    isReady: Promise.resolve(),
    nowMs: 0,
  };
  const calls: string[] = [];
  /** How a probe ends. */
  let probed: (signal: AbortSignal) => Promise<void> = async () => undefined;
  const probe = async (refs: readonly SecretRef[], { signal }: { signal: AbortSignal }) => {
    calls.push('probe');
    await probed(signal);
    calls.push('probed');
    const { named } = provider;
    const marker: ProbeResult = { kind: 'marker', marker: named, ...(namesRevisions && { revision: named }) };
    const result = provider.result ?? marker;
    return new Map(refs.map((asked) => [refKey(asked), result]));
  };
  const refresh = async ({ location }: SecretRef): Promise<SecretRevision> => {
    calls.push(`read ${location.path}`);
    if (provider.refusal !== undefined) throw provider.refusal;
    return { value: SecretValue.fromText('value'), revision: provider.current };
  };
  let newest: string | undefined;
  let deadlinesAreOver = false;
  const watcher = new ProviderWatcher({
    provider: 'vault',
    findProvider: async () => {
      await provider.isReady;
      return { probe: { namesRevisions, probe } } as unknown as ProviderInstance;
    },
    values: {
      refresh,
      lockDown: () => undefined,
      revalidate: () => undefined,
      seen: (_ref, revision) => {
        newest = newest === undefined || newest < revision ? revision : newest;
      },
      newest: () => newest,
      reportProbe: () => undefined,
      pin: () => undefined,
      ensureCached: async () => false,
    },
    // All timers are over at once, but not within the call.
    clock: {
      now: () => provider.nowMs,
      monotonic: () => provider.nowMs,
      after: (delayMs, callback) => {
        const timer = delayMs > 1_000 && !deadlinesAreOver ? undefined : setImmediate(callback);
        return () => clearImmediate(timer);
      },
    },
    random: { next: () => 0 },
    outages: new ProviderOutages({ emit: () => undefined }),
    formerDigest: () => null,
    digest: () => 'digest',
  });
  /** Polls, and returns what the provider was asked meanwhile. */
  const poll = async (signal = new AbortController().signal) => {
    calls.length = 0;
    await watcher.poll(signal);
    return [...calls];
  };
  const endProbesBy = (end: typeof probed) => {
    probed = end;
  };
  const endDeadlines = () => {
    deadlinesAreOver = true;
  };
  return { provider, watcher, poll, calls, endProbesBy, endDeadlines };
}

test('a value that is not known yet is read while it is probed, if markers name the revision', async () => {
  const { provider, watcher, poll, endProbesBy } = setUp({ namesRevisions: true });
  watcher.setRefs(ONLY_A);
  endProbesBy(() => new Promise((resolve) => setImmediate(resolve)));
  expect(await poll()).toEqual(['read a', 'probe', 'probed']);
  expect(watcher.current(refKey(A))).toMatchObject({ revision: 'r1' });
  // The marker is that of the value, so nothing is read until it changes.
  expect(await poll()).toEqual(['probe', 'probed']);
  Object.assign(provider, { current: 'r2', named: 'r2' });
  expect(await poll()).toEqual(['probe', 'probed', 'read a', 'probe', 'probed']);
  expect(watcher.current(refKey(A))).toMatchObject({ revision: 'r2' });
});

test('if markers name no revision, it is read after the probe, because the marker must not be newer', async () => {
  const { watcher, poll } = setUp({ namesRevisions: false });
  watcher.setRefs(ONLY_A);
  expect(await poll()).toEqual(['probe', 'probed', 'read a']);
  expect(await poll()).toEqual(['probe', 'probed']);
});

test('if the probe names an older revision than the one that was read, the next poll reads again', async () => {
  const { provider, watcher, poll } = setUp({ namesRevisions: true });
  watcher.setRefs(ONLY_A);
  Object.assign(provider, { current: 'r2', named: 'r1' });
  await poll();
  Object.assign(provider, { named: 'r2' });
  expect(await poll()).toContain('read a');
  expect(watcher.current(refKey(A))).toMatchObject({ revision: 'r2' });
  expect(await poll()).not.toContain('read a');
});

test('if the probe names a newer revision than the one that was read, that is no value yet, and it is read again', async () => {
  const { provider, watcher, poll } = setUp({ namesRevisions: true });
  watcher.setRefs(ONLY_A);
  Object.assign(provider, { current: 'r1', named: 'r2' });
  await poll();
  expect(watcher.current(refKey(A))).toBeUndefined();
  provider.nowMs += watcher.againInMs ?? Number.NaN;
  provider.current = 'r2';
  await watcher.readAgain(new AbortController().signal);
  expect(watcher.current(refKey(A))).toMatchObject({ revision: 'r2' });
  expect(await poll()).toEqual(['probe', 'probed']);
});

test.each<[string, ProbeResult]>([
  ['fails', { kind: 'failed', error: new ProviderError('UNAVAILABLE', 'away') }],
  ['is not supported', { kind: 'unsupported' }],
  ['names no revision', { kind: 'marker', marker: 'r1' }],
])('if the probe %s, the value that was read counts, and the next poll reads again', async (_what, result) => {
  const { provider, watcher, poll } = setUp({ namesRevisions: true });
  watcher.setRefs(ONLY_A);
  provider.result = result;
  await poll();
  expect(watcher.current(refKey(A))).toMatchObject({ revision: 'r1' });
  provider.result = undefined;
  expect(await poll()).toEqual(['probe', 'probed', 'read a']);
});

test('if the read fails, its error counts, and not the marker', async () => {
  const { provider, watcher, poll } = setUp({ namesRevisions: true });
  watcher.setRefs(ONLY_A);
  provider.refusal = new ProviderError('ACCESS_DENIED', 'denied');
  await poll();
  expect(watcher.error(refKey(A))).toMatchObject({ code: 'ACCESS_DENIED' });
  provider.refusal = undefined;
  expect(await poll()).toEqual(['probe', 'probed', 'read a']);
  expect(watcher.current(refKey(A))).toMatchObject({ revision: 'r1' });
});

test('a provider that gets ready after the deadline of the poll is not asked for that poll any more', async () => {
  const { provider, watcher, poll, calls, endDeadlines } = setUp({ namesRevisions: true });
  const { promise, resolve } = Promise.withResolvers<void>();
  watcher.setRefs(ONLY_A);
  provider.isReady = promise;
  endDeadlines();
  expect(await poll()).toEqual([]);
  expect(watcher.failure).toMatchObject({ code: 'UNAVAILABLE' });
  resolve();
  await new Promise((done) => setImmediate(done));
  expect(calls).toEqual([]);
});

test('a first value is read once, also if another one changed and the poll probes twice', async () => {
  const { provider, watcher, poll } = setUp({ namesRevisions: true });
  watcher.setRefs(ONLY_A);
  await poll();
  watcher.setRefs(BOTH);
  Object.assign(provider, { current: 'r2', named: 'r2' });
  expect(await poll()).toEqual(['read b', 'probe', 'probed', 'read a', 'probe', 'probed']);
});

test('a poll that is aborted while first values are read rejects once', async () => {
  const { watcher, poll, calls, endProbesBy } = setUp({ namesRevisions: true });
  watcher.setRefs(BOTH);
  const stop = new AbortController();
  endProbesBy((signal) => {
    stop.abort(new Error('stopped'));
    return Promise.reject(signal.reason);
  });
  await expect(poll(stop.signal)).rejects.toThrow('stopped');
  expect(calls).toContain('read a');
});
