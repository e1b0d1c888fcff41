import { type ProbeResult, ProviderError, type ProviderInstance, refKey, type SecretRef } from '@vault-swarm/provider';

/** Call options with a signal that aborts after 15 s. */
export function soon(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(15_000) };
}

/** The value of a ref, as text. */
export async function readTextOf(provider: ProviderInstance, ref: SecretRef): Promise<string> {
  const { value } = await provider.secrets.read(ref, soon());
  return Buffer.from(value.reveal()).toString('utf8');
}

/** The `ProviderError` of a call. Throws if the call resolves, or rejects with another kind of error. */
export async function vaultErrorOf(call: Promise<unknown>): Promise<ProviderError> {
  const error = await call.then(
    () => new Error('the call resolved'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ProviderError)) throw error;
  return error;
}

/** Probes all of `refs` in one call. Resolves to their results in the same order. */
export async function probeAll(provider: ProviderInstance, ...refs: readonly SecretRef[]): Promise<ProbeResult[]> {
  const results = await provider.probe?.probe(refs, soon());
  return refs.map((ref) => {
    const result = results?.get(refKey(ref));
    if (result === undefined) throw new Error(`no answer for ${refKey(ref)}`);
    return result;
  });
}
