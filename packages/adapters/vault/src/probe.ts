import {
  type CallOptions,
  type ChangeProbe,
  type Clock,
  type ProbeResult,
  ProviderError,
  refKey,
  type SecretRef,
  SingleFlight,
} from '@vault-swarm/provider';
import type { Session } from './auth/session.ts';
import { ReadRights } from './capabilities.ts';
import { type KvPlace, notFound, placeOf, policyFor, revisionOf, unproved, versionOnV1 } from './kv.ts';
import { type KvVersions, markerOf, readMetadata, readSubkeys } from './kv-versions.ts';
import type { Mounts } from './mounts.ts';
import { kvPath } from './paths.ts';
import { PassLimits } from './probe-limits.ts';
import { ProbeMemory } from './probe-strategy.ts';

/** What probing needs. */
export interface VaultProbeOptions {
  readonly session: Session;
  readonly mounts: Mounts;
  readonly clock: Clock;
}

/** The answer for a path: what is known of its versions, or why only a read can tell. */
type PathAnswer =
  | KvVersions
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

/**
 * Tells changes by what KV v2 says of a secret's versions without its value: one request for each path, which is short
 * also where there are many versions and policy allows `subkeys`. `unsupported` for KV v1, and where policy refuses the
 * metadata, with the policy to add, and where it may no longer let us read the value. Where a quota is used up, the rest of that
 * mount is not asked for.
 */
export class VaultProbe implements ChangeProbe {
  readonly #session: Session;
  readonly #mounts: Mounts;
  readonly #clock: Clock;
  readonly #memory = new ProbeMemory();
  readonly #rights: ReadRights;
  readonly #flights = new SingleFlight<PathAnswer>({ finish: false });

  constructor({ session, mounts, clock }: VaultProbeOptions) {
    this.#session = session;
    this.#mounts = mounts;
    this.#clock = clock;
    this.#rights = new ReadRights(session, clock);
  }

  async probe(refs: readonly SecretRef[], { signal }: CallOptions): Promise<ReadonlyMap<string, ProbeResult>> {
    const results = new Map<string, ProbeResult>();
    const paths = byPath(refs, results);
    const answers = new Map<SharedPath, PathAnswer>();
    const waiting = paths.values();
    const limits = new PassLimits();
    this.#memory.forget(this.#clock.monotonic());
    const work = async () => {
      for (const shared of waiting) {
        signal.throwIfAborted();
        const spared = limits.spared(shared.place);
        const answer: PathAnswer =
          spared === null ? await this.#ask(shared, signal) : { kind: 'failed', error: spared };
        if (spared === null) limits.count(shared.place, answer.kind === 'failed' ? answer.error : null);
        answers.set(shared, answer);
      }
    };
    await Promise.all(Array.from({ length: PATHS_AT_ONCE }, work));
    const found = [...paths.values()].filter((shared) => answers.get(shared)?.kind === 'found');
    const unsure = new Set(
      await this.#rights.unsure(
        found.map(({ place }) => place),
        signal,
      ),
    );
    signal.throwIfAborted();
    for (const [shared, answer] of answers) {
      const known: PathAnswer = unsure.has(shared.place) ? { kind: 'unknown' } : answer;
      for (const ref of shared.sharing) results.set(refKey(ref), resultFor(ref, known));
    }
    return results;
  }

  /** Cuts off what is under way. */
  close(): void {
    this.#flights.abortAll();
  }

  async #ask({ place, sharing }: SharedPath, signal: AbortSignal): Promise<PathAnswer> {
    const pins = [...new Set(sharing.map(({ pin }) => pin))];
    const cutOff = () => new ProviderError('UNAVAILABLE', `${place.shown}: the probe was cut off`);
    try {
      const key = JSON.stringify([pathKey(place), pins]);
      return await this.#flights.join(key, signal, (own) => this.#askAll(place, pins, own), cutOff);
    } catch (error) {
      return { kind: 'failed', error: ProviderError.from(error, `${place.shown}: the probe failed`) };
    }
  }

  async #askAll(place: KvPlace, pins: readonly (string | undefined)[], signal: AbortSignal): Promise<PathAnswer> {
    const startedAtMs = this.#clock.monotonic();
    const mount = await this.#mounts.find(place.mount, signal);
    if (mount.version === 'unknown') throw unproved(place, this.#mounts.setting);
    if (mount.version === 'v1') return { kind: 'v1' };
    const answer = await this.#askOneOf(place, pins, signal);
    if (answer.kind !== 'absent') return answer;
    // The mount may have been replaced by one of another version since it was found.
    const again = await this.#mounts.confirm(place.mount, signal, { startedAtMs, doubtful: answer.doubtful });
    return again.version === 'v2' ? answer : { kind: again.version };
  }

  async #askOneOf(place: KvPlace, pins: readonly (string | undefined)[], signal: AbortSignal): Promise<KvVersions> {
    const key = pathKey(place);
    const now = () => this.#clock.monotonic();
    let answer: KvVersions = { kind: 'refused' };
    for (const question of this.#memory.questions(key, pins.length, now())) {
      if (question === 'metadata') {
        answer = await readMetadata(this.#session, place, this.#clock.now(), signal);
        if (answer.kind === 'found') this.#memory.measured(key, answer.length, now());
      } else {
        answer = await readSubkeys(this.#session, place, pins, signal);
        // A server that does not know the question answers as for a secret that it does not have.
        if (answer.kind === 'absent') answer = { kind: 'refused' };
      }
      if (answer.kind !== 'refused') return answer;
      this.#memory.refused(key, question, now());
    }
    return answer;
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

function pathKey({ mount, path, v1Path }: KvPlace): string {
  return JSON.stringify([mount, path, v1Path]);
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
      const policy = policyFor(kvPath(place, 'metadata').plain);
      return {
        kind: 'unsupported',
        problem: `${place.shown}: our policy refuses its metadata, so each pass reads the value; add ${policy}`,
      };
    }
    case 'absent':
      return { kind: 'failed', error: notFound(place, answer) };
    case 'found': {
      const version = answer.version(place.pin);
      if (version === null) return { kind: 'failed', error: notFound(place) };
      if (version === 'unsure') return { kind: 'unsupported' };
      const { stamp, state } = version;
      return {
        kind: 'marker',
        marker: markerOf(version),
        ...(state === 'live' ? { revision: revisionOf(stamp) } : {}),
      };
    }
  }
}
