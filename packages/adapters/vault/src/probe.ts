import { type Clock, mapConcurrently, SingleFlight } from '@vault-swarm/kernel';
import {
  type CallOptions,
  type ChangeProbe,
  locateRefs,
  type ProbeResult,
  ProviderError,
  refKey,
  type SecretRef,
} from '@vault-swarm/provider';
import type { Session } from './auth/session.ts';
import { Capabilities } from './capabilities.ts';
import { type KvLocation, locationOf, notFound, policyFor, revisionOf, unproved, versionOnV1 } from './kv.ts';
import { type KvVersions, markerOf, readMetadata, readSubkeys } from './kv-versions.ts';
import type { Mounts } from './mounts.ts';
import { kvPath } from './paths.ts';
import { ProbeLimits } from './probe-limits.ts';
import { ProbeStrategy } from './probe-strategy.ts';
import { versionOfRole } from './static-role.ts';

/** The dependencies of {@link VaultProbe}. */
export interface VaultProbeOptions {
  readonly session: Session;
  readonly mounts: Mounts;
  readonly clock: Clock;
}

/** The result for a path: what is known of its versions, or why only a read can show it. */
type PathAnswer =
  | KvVersions
  | { readonly kind: 'v1' }
  | { readonly kind: 'role' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'failed'; readonly error: ProviderError };

/** One path, and the refs (fields, versions, encodings) that it answers. */
interface SharedPath {
  readonly location: KvLocation;
  readonly sharing: SecretRef[];
}

/** Fewer than the connections, so that reads of tasks never wait for a long poll. The first poll reads beside it. */
const PATHS_AT_ONCE = 8;

/**
 * Detects changes by KV v2's metadata, without values: one request for each path, which is short even with many
 * versions if the policy allows `subkeys`. The result is `unsupported` for KV v1, if the policy denies the metadata
 * (with the policy to add), and if the permission to read the value may be lost. If a quota is used up, the rest of
 * that mount is skipped.
 */
export class VaultProbe implements ChangeProbe {
  readonly namesRevisions = true;
  readonly #session: Session;
  readonly #mounts: Mounts;
  readonly #clock: Clock;
  readonly #memory = new ProbeStrategy();
  readonly #capabilities: Capabilities;
  readonly #flights = new SingleFlight<PathAnswer>({ finish: false });

  constructor({ session, mounts, clock }: VaultProbeOptions) {
    this.#session = session;
    this.#mounts = mounts;
    this.#clock = clock;
    this.#capabilities = new Capabilities(session, clock);
  }

  async probe(refs: readonly SecretRef[], { signal }: CallOptions): Promise<ReadonlyMap<string, ProbeResult>> {
    const results = new Map<string, ProbeResult>();
    const paths = byPath(refs, results);
    const answers = new Map<SharedPath, PathAnswer>();
    const limits = new ProbeLimits();
    this.#memory.forget(this.#clock.monotonic());
    await mapConcurrently(paths.values(), PATHS_AT_ONCE, async (shared) => {
      signal.throwIfAborted();
      const spared = limits.spared(shared.location);
      const answer: PathAnswer = spared === null ? await this.#ask(shared, signal) : { kind: 'failed', error: spared };
      if (spared === null) limits.count(shared.location, answer.kind === 'failed' ? answer.error : null);
      answers.set(shared, answer);
    });
    const found = [...paths.values()].filter((shared) => answers.get(shared)?.kind === 'found');
    const unsure = new Set(
      await this.#capabilities.unsure(
        found.map(({ location }) => location),
        signal,
      ),
    );
    signal.throwIfAborted();
    for (const [shared, answer] of answers) {
      const known: PathAnswer = unsure.has(shared.location) ? { kind: 'unknown' } : answer;
      for (const ref of shared.sharing) results.set(refKey(ref), resultFor(ref, known));
    }
    return results;
  }

  /** Aborts requests in flight. */
  close(): void {
    this.#flights.abortAll();
  }

  async #ask({ location, sharing }: SharedPath, signal: AbortSignal): Promise<PathAnswer> {
    const pins = [...new Set(sharing.map(({ pin }) => pin))];
    const cutOff = () => new ProviderError('UNAVAILABLE', `${location.displayName}: the probe was aborted`);
    try {
      const key = JSON.stringify([pathKey(location), pins]);
      return await this.#flights.join(key, signal, (own) => this.#askAll(location, pins, own), cutOff);
    } catch (error) {
      return { kind: 'failed', error: ProviderError.from(error, `${location.displayName}: the probe failed`) };
    }
  }

  async #askAll(location: KvLocation, pins: readonly (string | undefined)[], signal: AbortSignal): Promise<PathAnswer> {
    const startedAtMs = this.#clock.monotonic();
    const mount = await this.#mounts.find(location.mount, signal);
    if (mount.version === 'unknown') throw unproved(location, this.#mounts.setting);
    if (mount.version === 'none') {
      this.#mounts.checkStaticRole(mount, location);
      return { kind: 'role' };
    }
    if (mount.version === 'v1') return { kind: 'v1' };
    const answer = await this.#askOneOf(location, pins, signal);
    if (answer.kind !== 'absent') return answer;
    // The mount may have been replaced by one of another version since it was found.
    const again = await this.#mounts.confirm(location.mount, signal, { startedAtMs, ambiguous: answer.ambiguous });
    return again.version === 'v2' ? answer : { kind: again.version === 'none' ? 'role' : again.version };
  }

  async #askOneOf(
    location: KvLocation,
    pins: readonly (string | undefined)[],
    signal: AbortSignal,
  ): Promise<KvVersions> {
    const key = pathKey(location);
    const now = () => this.#clock.monotonic();
    let answer: KvVersions = { kind: 'refused' };
    for (const question of this.#memory.questions(key, pins.length, now())) {
      if (question === 'metadata') {
        answer = await readMetadata(this.#session, location, this.#clock.now(), signal);
        if (answer.kind === 'found') this.#memory.measured(key, answer.length, now());
      } else {
        answer = await readSubkeys(this.#session, location, pins, signal);
        // A server that does not know the request answers as for a missing secret.
        if (answer.kind === 'absent') answer = { kind: 'refused' };
      }
      if (answer.kind !== 'refused') return answer;
      this.#memory.refused(key, question, now());
    }
    return answer;
  }
}

/** Groups refs by path; refs without one are answered at once. */
function byPath(refs: readonly SecretRef[], results: Map<string, ProbeResult>): Map<string, SharedPath> {
  const paths = new Map<string, SharedPath>();
  for (const [ref, location] of locateRefs(refs, locationOf, results)) {
    const shared = paths.get(pathKey(location)) ?? { location, sharing: [] };
    shared.sharing.push(ref);
    paths.set(pathKey(location), shared);
  }
  return paths;
}

function pathKey({ mount, path, v1Path }: KvLocation): string {
  return JSON.stringify([mount, path, v1Path]);
}

function resultFor(ref: SecretRef, answer: PathAnswer): ProbeResult {
  const location = locationOf(ref);
  switch (answer.kind) {
    case 'failed':
      return answer;
    case 'unknown':
      return { kind: 'unsupported' };
    case 'v1':
      return location.pin === undefined ? { kind: 'unsupported' } : { kind: 'failed', error: versionOnV1(location) };
    case 'role':
      return location.pin === undefined ? { kind: 'unsupported' } : { kind: 'failed', error: versionOfRole(location) };
    case 'refused': {
      const policy = policyFor(kvPath(location, 'metadata').plain);
      return {
        kind: 'unsupported',
        problem: `${location.displayName}: the policy denies its metadata, so each poll reads the value; add ${policy}`,
      };
    }
    case 'absent':
      return { kind: 'failed', error: notFound(location, 'v2', answer) };
    case 'found': {
      const version = answer.version(location.pin);
      if (version === null) return { kind: 'failed', error: notFound(location, 'v2') };
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
