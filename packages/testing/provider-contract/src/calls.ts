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

/** The deadline of calls that should succeed. */
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
  assert(instance.probe !== null, 'the instance has no probe, although it declares the capability markers');
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
  assert(result?.kind === 'marker', `the probe answers ${result?.kind ?? 'nothing'} for an existing secret`);
  return result.marker;
}

/** The error of a read. It must have one of the codes, and show no value. */
export async function failedRead(
  instance: ProviderInstance,
  ref: SecretRef,
  ...codes: readonly ProviderErrorCode[]
): Promise<ProviderError> {
  return expectError(await rejection(read(instance, ref)), ...codes);
}

/** Asserts that an error is a ProviderError with one of the codes, and shows no value. */
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

/** The error of a promise. Fails if the promise resolves. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: 'it resolved instead of rejecting' });
}

/** The most that one turn of the event loop adds, in milliseconds. */
const MAX_TURN_MS = 10;

/**
 * Waits for a promise, at most for `limitMs` in which this process runs. Time in which the machine runs other processes does not
 * count.
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

/** The error of a call that is aborted shortly after its start. It must reject within `limitMs`. */
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

/** Repeats `attempt` until it resolves, for at most `limitMs`. Then rejects with its last error. */
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
