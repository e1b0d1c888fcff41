import {
  BoundedMap,
  type CallOptions,
  type ChangeProbe,
  type Clock,
  describeRef,
  type ProbeResult,
  ProviderError,
  refKey,
  type SecretRef,
} from '@vault-swarm/provider';
import type { CallBudget } from './call-budget.ts';
import { ReadRights } from './capabilities.ts';
import type { SecretsClient } from './client.ts';
import { CURRENT_STAGE } from './labels.ts';
import { placeOf, type SecretPlace } from './location.ts';
import { RegionVersions } from './region-versions.ts';
import { suffixOf } from './secret-id.ts';
import type { SecretState, WantedSecret } from './secret-state.ts';
import type { SeenVersions } from './version-markers.ts';

/** Labels name regions, by ARNs. AWS has some forty; what is known of another is learned again. */
const MAX_REGIONS = 64;

/** What probing needs. */
export interface AwsProbeOptions {
  readonly client: SecretsClient;
  readonly clock: Clock;
  readonly seen: SeenVersions;
  readonly budget: CallBudget;
  /** The provider's name. */
  readonly name: string;
  /** Of secrets whose ref names none. */
  readonly region: string | undefined;
}

interface Asked {
  readonly ref: SecretRef;
  readonly place: SecretPlace;
}

/** What is known of the secrets in one region. */
interface Region {
  readonly versions: RegionVersions;
  readonly rights: ReadRights;
  /** The provider, as messages name it. */
  readonly shown: string;
}

/**
 * Tells changes by the ids of versions, which AWS tells for many secrets in one call: {@link RegionVersions} says how.
 * That we may still read the values, {@link ReadRights} makes sure. While the budget of calls is used up, refs that were asked about before are postponed.
 */
export class AwsProbe implements ChangeProbe {
  readonly #options: AwsProbeOptions;
  readonly #regions = new BoundedMap<Region>({ maxEntries: MAX_REGIONS });
  #askedBefore: ReadonlySet<string> = new Set();

  constructor(options: AwsProbeOptions) {
    this.#options = options;
  }

  async probe(refs: readonly SecretRef[], { signal }: CallOptions): Promise<ReadonlyMap<string, ProbeResult>> {
    signal.throwIfAborted();
    const { seen, budget } = this.#options;
    const results = new Map<string, ProbeResult>();
    const byRegion = this.#byRegion(refs, results);
    const keys = refs.map(refKey);
    if (budget.isUsedUp && keys.every((key) => this.#askedBefore.has(key))) {
      for (const key of keys) if (!results.has(key)) results.set(key, { kind: 'postponed' });
      return results;
    }
    this.#askedBefore = new Set(keys);
    seen.forget();
    await Promise.all(
      [...byRegion].map(async ([region, asked]) => {
        const { versions, rights, shown } = this.#region(region);
        const wanted = wantedOf(asked);
        const states = await versions.ask(wanted, signal);
        await rights.check(wanted, states, { region, shown, signal });
        const { problem } = versions;
        for (const { ref, place } of asked) {
          const result = this.#resultFor(place, states.get(place.secretId), problem);
          results.set(refKey(ref), doubted(result, rights.doubts(place.secretId)));
        }
      }),
    );
    signal.throwIfAborted();
    return results;
  }

  #byRegion(refs: readonly SecretRef[], results: Map<string, ProbeResult>): Map<string | undefined, Asked[]> {
    const byRegion = new Map<string | undefined, Asked[]>();
    for (const ref of refs) {
      try {
        const place = placeOf(ref);
        const region = place.region ?? this.#options.region;
        byRegion.set(region, [...(byRegion.get(region) ?? []), { ref, place }]);
      } catch (error) {
        const failure = ProviderError.from(error, `${describeRef(ref)}: the ref is not understood`);
        results.set(refKey(ref), { kind: 'failed', error: failure });
      }
    }
    return byRegion;
  }

  #region(region: string | undefined): Region {
    const { client, clock, name } = this.#options;
    const shown = region === undefined ? name : `${name} in ${region}`;
    const known = this.#regions.get(region ?? '') ?? {
      versions: new RegionVersions({ client, clock, region, shown }),
      rights: new ReadRights(client, clock),
      shown,
    };
    this.#regions.set(region ?? '', known);
    return known;
  }

  #resultFor(place: SecretPlace, state: SecretState | undefined, problem: string | undefined): ProbeResult {
    const advice = problem === undefined ? {} : { problem };
    if (state === undefined) return { kind: 'unsupported', ...advice };
    if (state.kind === 'failed') return state;
    const secret = suffixOf(state.arn);
    // A version never changes; that it is there at all, a read tells.
    if (place.pin !== undefined) return { kind: 'marker', marker: JSON.stringify([secret, place.pin]), ...advice };
    const versionId = state.versions.get(place.stage);
    if (versionId !== undefined) {
      const marker = this.#options.seen.markerOf(place, secret, versionId);
      // A read may well be ahead of a list, which may be minutes behind.
      return { kind: 'marker', marker, ...(state.mayBeOld ? {} : { revision: versionId }), ...advice };
    }
    if (state.onlyCurrent) return { kind: 'unsupported', ...advice };
    const message = `${place.shown}: no version has the staging label ${place.stage}`;
    return { kind: 'failed', error: new ProviderError('NOT_FOUND', message) };
  }
}

/** The result with another marker after each doubt. */
function doubted(result: ProbeResult, doubts: number): ProbeResult {
  return result.kind === 'marker' ? { ...result, marker: `${result.marker} ${doubts}` } : result;
}

/** The secrets that the refs are about, each once. */
function wantedOf(asked: readonly Asked[]): readonly WantedSecret[] {
  const wanted = new Map<string, WantedSecret>();
  for (const { place } of asked) {
    const { secretId, shown, stage, pin } = place;
    const needsStages = (pin === undefined && stage !== CURRENT_STAGE) || wanted.get(secretId)?.needsStages === true;
    wanted.set(secretId, { secretId, shown, needsStages });
  }
  return [...wanted.values()];
}
