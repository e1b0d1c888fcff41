import { BoundedMap, type Clock } from '@vault-swarm/kernel';
import {
  type CallBudget,
  type CallOptions,
  type ChangeProbe,
  locateRefs,
  ProbedRefs,
  type ProbeResult,
  ProviderError,
  refKey,
  type SecretRef,
} from '@vault-swarm/provider';
import { Capabilities } from './capabilities.ts';
import type { SecretsClient } from './client.ts';
import { CURRENT_STAGE } from './labels.ts';
import { locationOf, type SecretLocation } from './location.ts';
import { RegionVersions } from './region-versions.ts';
import { suffixOf } from './secret-id.ts';
import type { RequestedSecret, SecretState } from './secret-state.ts';
import type { VersionMarkers } from './version-markers.ts';

/** ARNs in labels name regions. AWS has about forty; the state of further regions is learned again. */
const MAX_REGIONS = 64;

/** The dependencies of {@link AwsProbe}. */
export interface AwsProbeOptions {
  readonly client: SecretsClient;
  readonly clock: Clock;
  readonly markers: VersionMarkers;
  readonly budget: CallBudget;
  /** The provider's name. */
  readonly name: string;
  /** The region of secrets whose ref names none. */
  readonly region: string | undefined;
}

interface Asked {
  readonly ref: SecretRef;
  readonly location: SecretLocation;
}

/** What is known of the secrets in one region. */
interface Region {
  readonly versions: RegionVersions;
  readonly capabilities: Capabilities;
  /** The provider for messages. */
  readonly displayName: string;
}

/**
 * Detects changes by version ids, which AWS returns for many secrets in one call; see {@link RegionVersions}. {@link
 * Capabilities} checks the permission to read the values. While the call budget is used up, refs that were probed
 * before are postponed.
 */
export class AwsProbe implements ChangeProbe {
  readonly #options: AwsProbeOptions;
  readonly #regions = new BoundedMap<Region>({ maxEntries: MAX_REGIONS });
  readonly #probed: ProbedRefs;

  constructor(options: AwsProbeOptions) {
    this.#options = options;
    this.#probed = new ProbedRefs(options.budget);
  }

  async probe(refs: readonly SecretRef[], { signal }: CallOptions): Promise<ReadonlyMap<string, ProbeResult>> {
    signal.throwIfAborted();
    const { markers } = this.#options;
    const results = new Map<string, ProbeResult>();
    const byRegion = this.#byRegion(refs, results);
    if (this.#probed.postpone(refs, results)) return results;
    markers.forget();
    await Promise.all(
      [...byRegion].map(async ([region, asked]) => {
        const { versions, capabilities, displayName } = this.#region(region);
        const requested = desiredVersion(asked);
        const states = await versions.ask(requested, signal);
        await capabilities.check(requested, states, { region, displayName, signal });
        const { problem } = versions;
        for (const { ref, location } of asked) {
          const result = this.#resultFor(location, states.get(location.secretId), problem);
          results.set(refKey(ref), hasConflict(result, capabilities.conflicts(location.secretId)));
        }
      }),
    );
    signal.throwIfAborted();
    return results;
  }

  #byRegion(refs: readonly SecretRef[], results: Map<string, ProbeResult>): Map<string | undefined, Asked[]> {
    const byRegion = new Map<string | undefined, Asked[]>();
    for (const [ref, location] of locateRefs(refs, locationOf, results)) {
      const region = location.region ?? this.#options.region;
      byRegion.set(region, [...(byRegion.get(region) ?? []), { ref, location }]);
    }
    return byRegion;
  }

  #region(region: string | undefined): Region {
    const { client, clock, name } = this.#options;
    const displayName = region === undefined ? name : `${name} in ${region}`;
    const known = this.#regions.get(region ?? '') ?? {
      versions: new RegionVersions({ client, clock, region, displayName }),
      capabilities: new Capabilities(client, clock),
      displayName,
    };
    this.#regions.set(region ?? '', known);
    return known;
  }

  #resultFor(location: SecretLocation, state: SecretState | undefined, problem: string | undefined): ProbeResult {
    const advice = problem === undefined ? {} : { problem };
    if (state === undefined) return { kind: 'unsupported', ...advice };
    if (state.kind === 'failed') return state;
    const secret = suffixOf(state.arn);
    // A version never changes; a read shows whether it exists.
    if (location.pin !== undefined)
      return { kind: 'marker', marker: JSON.stringify([secret, location.pin]), ...advice };
    const versionId = state.versions.get(location.stage);
    if (versionId !== undefined) {
      const marker = this.#options.markers.markerOf(location, secret, versionId);
      // A list may be minutes old, so a read may be newer.
      return { kind: 'marker', marker, ...(state.mayBeOld ? {} : { revision: versionId }), ...advice };
    }
    if (state.onlyCurrent) return { kind: 'unsupported', ...advice };
    const message = `${location.displayName}: no version has the staging label ${location.stage}`;
    return { kind: 'failed', error: new ProviderError('NOT_FOUND', message) };
  }
}

/** Changes the marker with each conflict. */
function hasConflict(result: ProbeResult, conflicts: number): ProbeResult {
  return result.kind === 'marker' ? { ...result, marker: `${result.marker} ${conflicts}` } : result;
}

/** The secrets of the refs, each once. */
function desiredVersion(asked: readonly Asked[]): readonly RequestedSecret[] {
  const requested = new Map<string, RequestedSecret>();
  for (const { location } of asked) {
    const { secretId, displayName, stage, pin } = location;
    const needsStages = (pin === undefined && stage !== CURRENT_STAGE) || requested.get(secretId)?.needsStages === true;
    requested.set(secretId, { secretId, displayName, needsStages });
  }
  return [...requested.values()];
}
