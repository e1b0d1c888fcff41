import {
  type CallOptions,
  type ChangeProbe,
  type Clock,
  type ProbeResult,
  ProviderError,
  refKey,
  type SecretRef,
} from '@vault-swarm/provider';
import type { Session } from './auth/session.ts';
import {
  type KvMetadata,
  type KvPlace,
  notFound,
  placeOf,
  policyFor,
  readMetadata,
  revisionOf,
  versionOnV1,
} from './kv.ts';
import type { Mounts } from './mounts.ts';

/** What probing needs. */
export interface VaultProbeOptions {
  readonly session: Session;
  readonly mounts: Mounts;
  readonly clock: Clock;
}

/** The answer for a path: what its metadata shows, or why only a read can tell. */
type PathAnswer =
  | KvMetadata
  | { readonly kind: 'v1' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'failed'; readonly error: ProviderError };

/** One path, and the refs (fields, versions, encodings) that it answers. */
interface SharedPath {
  readonly place: KvPlace;
  readonly sharing: SecretRef[];
}

/** Of the transport's connections, so that reads never wait behind a long pass of probes. */
const PATHS_AT_ONCE = 8;
/** After so many failures in a row the rest of a pass is not asked for. */
const FAILURES_IN_A_ROW = 3;
/** How long a refusal of metadata is taken for true, so that a pass does not cost a refusal for each path. */
const REFUSED_FOR_MS = 60_000;

/**
 * Tells changes by KV v2's metadata: one request for each path, without its value. `unsupported` for KV v1, and where
 * policy refuses the metadata, with the policy to add.
 */
export class VaultProbe implements ChangeProbe {
  readonly #session: Session;
  readonly #mounts: Mounts;
  readonly #clock: Clock;
  readonly #refusedUntilMs = new Map<string, number>();

  constructor({ session, mounts, clock }: VaultProbeOptions) {
    this.#session = session;
    this.#mounts = mounts;
    this.#clock = clock;
  }

  async probe(refs: readonly SecretRef[], { signal }: CallOptions): Promise<ReadonlyMap<string, ProbeResult>> {
    const results = new Map<string, ProbeResult>();
    const waiting = byPath(refs, results).values();
    let failure: ProviderError | undefined;
    let failuresInARow = 0;
    const work = async () => {
      for (const { place, sharing } of waiting) {
        signal.throwIfAborted();
        let answer: PathAnswer;
        if (failure !== undefined && failuresInARow >= FAILURES_IN_A_ROW) answer = { kind: 'failed', error: failure };
        else answer = await this.#ask(place, signal);
        if (answer.kind === 'failed' && answer.error.retryable) {
          failure = answer.error;
          failuresInARow++;
        } else failuresInARow = 0;
        for (const ref of sharing) results.set(refKey(ref), resultFor(ref, answer));
      }
    };
    await Promise.all(Array.from({ length: PATHS_AT_ONCE }, work));
    signal.throwIfAborted();
    return results;
  }

  async #ask(place: KvPlace, signal: AbortSignal): Promise<PathAnswer> {
    try {
      return await this.#askMetadata(place, signal);
    } catch (error) {
      return { kind: 'failed', error: ProviderError.from(error, `${place.shown}: the probe failed`) };
    }
  }

  async #askMetadata(place: KvPlace, signal: AbortSignal): Promise<PathAnswer> {
    const startedAtMs = this.#clock.monotonic();
    const mount = await this.#mounts.find(place.mount, signal);
    if (mount.version === 'v1') return { kind: 'v1' };
    const key = pathKey(place);
    const refusedUntilMs = this.#refusedUntilMs.get(key);
    if (refusedUntilMs !== undefined && startedAtMs < refusedUntilMs) return { kind: 'refused' };
    this.#refusedUntilMs.delete(key);
    const metadata = await readMetadata(this.#session, place, this.#clock.now(), signal);
    if (metadata.kind === 'found') return metadata;
    if (metadata.kind === 'refused') {
      this.#refusedUntilMs.set(key, startedAtMs + REFUSED_FOR_MS);
      return metadata;
    }
    // The mount may have been replaced by one of another version since it was found.
    const again = await this.#mounts.find(place.mount, signal, startedAtMs);
    if (again.version === 'v2') return metadata;
    return again.version === 'v1' ? { kind: 'v1' } : { kind: 'unknown' };
  }
}

/** The refs by the path that they share; those that name none are answered at once. */
function byPath(refs: readonly SecretRef[], results: Map<string, ProbeResult>): Map<string, SharedPath> {
  const paths = new Map<string, SharedPath>();
  for (const ref of refs) {
    try {
      const place = placeOf(ref);
      const shared = paths.get(pathKey(place)) ?? { place, sharing: [] };
      shared.sharing.push(ref);
      paths.set(pathKey(place), shared);
    } catch (error) {
      results.set(refKey(ref), { kind: 'failed', error: ProviderError.from(error, 'the ref is not understood') });
    }
  }
  return paths;
}

function pathKey({ mount, path }: KvPlace): string {
  return JSON.stringify([mount, path]);
}

function resultFor(ref: SecretRef, answer: PathAnswer): ProbeResult {
  const place = placeOf(ref);
  switch (answer.kind) {
    case 'failed':
      return answer;
    case 'unknown':
      return { kind: 'unsupported' };
    case 'v1':
      return place.pin === undefined ? { kind: 'unsupported' } : { kind: 'failed', error: versionOnV1(place) };
    case 'refused': {
      const policy = policyFor(`${place.mount}/metadata/${place.path}`);
      return {
        kind: 'unsupported',
        problem: `${place.shown}: our policy refuses its metadata, so each pass reads the value; add ${policy}`,
      };
    }
    case 'absent':
      return { kind: 'failed', error: notFound(place) };
    case 'found': {
      const version = answer.version(place.pin);
      if (version === null) return { kind: 'failed', error: notFound(place) };
      return { kind: 'marker', marker: `${revisionOf(version.stamp)} ${version.state}` };
    }
  }
}
