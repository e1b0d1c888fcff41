import assert from 'node:assert/strict';
import {
  type ChangeProbe,
  type ProbeResult,
  ProviderError,
  type ProviderErrorCode,
  type ProviderInstance,
  refKey,
  type SecretRef,
  type SecretRevision,
} from '@vault-swarm/provider';
import { findValue } from './canary.ts';

/** No call of the suite that should be answered may take longer. */
const CALL_DEADLINE_MS = 10_000;

export function read(instance: ProviderInstance, ref: SecretRef): Promise<SecretRevision> {
  return instance.secrets.read(ref, { signal: AbortSignal.timeout(CALL_DEADLINE_MS) });
}

export async function readText(instance: ProviderInstance, ref: SecretRef): Promise<string> {
  const { value } = await read(instance, ref);
  return Buffer.from(value.reveal()).toString('utf8');
}

export async function revisionOf(instance: ProviderInstance, ref: SecretRef): Promise<string> {
  return (await read(instance, ref)).revision;
}

/** The instance's probe; a provider with the capability `markers` has one. */
function probeOf(instance: ProviderInstance): ChangeProbe {
  assert(instance.probe !== null, 'the instance has no probe, though it is declared to give markers');
  return instance.probe;
}

export function probe(
  instance: ProviderInstance,
  refs: readonly SecretRef[],
): Promise<ReadonlyMap<string, ProbeResult>> {
  return probeOf(instance).probe(refs, { signal: AbortSignal.timeout(CALL_DEADLINE_MS) });
}

export async function markerOf(instance: ProviderInstance, ref: SecretRef): Promise<string> {
  const result = (await probe(instance, [ref])).get(refKey(ref));
  assert(result?.kind === 'marker', `the probe answers ${result?.kind ?? 'nothing'} for a secret that is there`);
  return result.marker;
}

/** The error that a read rejects with: one of the given codes, and without a value in it. */
export async function failedRead(
  instance: ProviderInstance,
  ref: SecretRef,
  ...codes: readonly ProviderErrorCode[]
): Promise<ProviderError> {
  return expectError(await rejection(read(instance, ref)), ...codes);
}

/** Asserts that it is a ProviderError of one of the codes, and that it tells no value. */
export function expectError(error: unknown, ...codes: readonly ProviderErrorCode[]): ProviderError {
  const leak = findValue(error);
  assert.equal(leak, null, leak ?? '');
  assert(error instanceof ProviderError, `not a ProviderError, but ${String(error)}`);
  if (codes.length > 0) {
    assert(codes.includes(error.code), `the code is ${error.code} instead of ${codes.join(' or ')}: ${error.message}`);
  }
  assert.notEqual(error.message, '', 'the error has no message');
  return error;
}

/** What a promise rejects with; fails where it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: 'it resolved instead of rejecting' });
}

/** What one turn of the event loop counts at most. */
const MAX_TURN_MS = 10;

/**
 * Waits for a promise, but for no longer than `limitMs` during which this process runs: where the machine gives the processor to
 * others for longer than a moment, that does not count.
 */
export async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    let ownMs = 0;
    let lastMs = performance.now();
    timer = setInterval(() => {
      const nowMs = performance.now();
      ownMs += Math.min(nowMs - lastMs, MAX_TURN_MS);
      lastMs = nowMs;
      if (ownMs >= limitMs) reject(new assert.AssertionError({ message: `${what}: not within ${limitMs} ms` }));
    }, MAX_TURN_MS / 2);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearInterval(timer);
  }
}

/** What a call rejects with, within `limitMs`, that was aborted some turns of the event loop after it started. */
export async function abortedInFlight(
  limitMs: number,
  call: (signal: AbortSignal) => Promise<unknown>,
): Promise<unknown> {
  const controller = new AbortController();
  const ended = rejection(call(controller.signal));
  const before = await Promise.race([ended, new Promise<null>((resolve) => setTimeout(() => resolve(null), 50))]);
  assert.equal(before, null, 'it ended by itself, though the backend hangs');
  controller.abort();
  return within(limitMs, 'the aborted call', ended);
}

/** Tries `attempt` again and again until it does not reject, for at most `limitMs`; then rejects with its last error. */
export async function eventually<T>(limitMs: number, attempt: () => Promise<T>): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
