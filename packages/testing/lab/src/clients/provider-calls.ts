import { type ProbeResult, ProviderError, type ProviderInstance, refKey, type SecretRef } from '@vault-swarm/provider';

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
export async function vaultErrorOf(call: Promise<unknown>): Promise<ProviderError> {
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
