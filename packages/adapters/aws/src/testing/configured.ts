import { readFileSync } from 'node:fs';
import {
  type Clock,
  Environment,
  EventBus,
  type ProbeResult,
  ProviderError,
  type ProviderInstance,
  refKey,
  type SecretRef,
} from '@vault-swarm/provider';
import { type AwsConfig, parseAwsConfig } from '../config.ts';
import { createAwsProvider } from '../index.ts';

/** Variables as they would stand in the environment. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The real time. */
export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Real time, and what a test adds to it. Timers are the real ones. */
export class ShiftedClock implements Clock {
  #shiftMs = 0;

  /** Lets time pass at once. */
  advance(ms: number): void {
    this.#shiftMs += ms;
  }

  now(): number {
    return Date.now() + this.#shiftMs;
  }

  monotonic(): number {
    return performance.now() + this.#shiftMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    return realClock.after(delayMs, callback);
  }
}

/** The configuration that these variables give; throws where they are wrong. */
function configOf(variables: Variables): AwsConfig {
  const environment = new Environment(variables, (path) => readFileSync(path, 'utf8'));
  const config = parseAwsConfig(environment);
  if (environment.problems.length > 0) throw new Error(JSON.stringify(environment.problems));
  return config;
}

/** Keys that any double takes, for the region in which its secrets are. */
export function variablesFor(endpoint: string): Variables {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  };
}

/** A provider named `aws` that these variables configure. */
export function providerOf(
  variables: Variables,
  { clock = realClock, events = new EventBus(clock) }: { readonly clock?: Clock; readonly events?: EventBus } = {},
): ProviderInstance {
  return createAwsProvider(configOf(variables), { name: 'aws', clock, events });
}

/** A ref to a secret by name or ARN. */
export function refTo(name: string, options: Partial<SecretRef> & { readonly stage?: string } = {}): SecretRef {
  const { stage, ...others } = options;
  return { provider: 'aws', location: { name, ...(stage === undefined ? {} : { stage }) }, encoding: 'raw', ...others };
}

/** A signal for calls that are expected to be answered. */
export function soon(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(15_000) };
}

/** The text that a ref gives. */
export async function readTextOf(provider: ProviderInstance, ref: SecretRef): Promise<string> {
  const { value } = await provider.secrets.read(ref, soon());
  return Buffer.from(value.reveal()).toString('utf8');
}

/** The error that a call rejects with; throws where it is answered, or rejects with another kind of error. */
export async function failureOf(call: Promise<unknown>): Promise<ProviderError> {
  const error = await call.then(
    () => new Error('it was answered'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ProviderError)) throw error;
  return error;
}

/** What one pass of probes answers for each of `refs`, in their order. */
export async function probeAll(provider: ProviderInstance, ...refs: readonly SecretRef[]): Promise<ProbeResult[]> {
  const results = await provider.probe?.probe(refs, soon());
  return refs.map((ref) => {
    const result = results?.get(refKey(ref));
    if (result === undefined) throw new Error(`no answer for ${refKey(ref)}`);
    return result;
  });
}
