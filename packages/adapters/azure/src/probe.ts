import { BoundedMap, type Clock, mapConcurrently } from '@vault-swarm/kernel';
import {
  type CallBudget,
  type CallOptions,
  type ChangeProbe,
  locateRefs,
  ProbedRefs,
  type ProbeResult,
  ProviderError,
  RereadSchedule,
  refKey,
  type SecretRef,
} from '@vault-swarm/provider';
import { validityAt } from './attributes.ts';
import type { KeyVaultClient } from './client.ts';
import { locationOf, type SecretLocation } from './location.ts';
import { type Listed, VaultList } from './vault-list.ts';
import type { Observation, VersionMarkers } from './version-markers.ts';

const AT_ONCE = 8;
/** How long a secret that the vault does not have is not requested again. */
const ABSENT_FOR_MS = 60_000;
const MAX_ABSENT = 10_000;

/** The dependencies of {@link AzureProbe}. */
export interface AzureProbeOptions {
  readonly client: KeyVaultClient;
  readonly clock: Clock;
  readonly markers: VersionMarkers;
  readonly budget: CallBudget;
  /** The provider's name. */
  readonly name: string;
}

/** What a probe found about one secret. */
type SecretState = Observation | ProviderError;

/**
 * Detects changes by the vault's list, which has no values: see {@link VaultList}. If the list can't be used, only a
 * read can tell. Once an hour each marker changes, so that a read shows whether the policy still allows it. While the
 * call budget is used up, refs that were probed before are postponed.
 */
export class AzureProbe implements ChangeProbe {
  readonly #options: AzureProbeOptions;
  readonly #list: VaultList;
  readonly #schedule: RereadSchedule;
  readonly #absent = new BoundedMap<{ readonly error: ProviderError; readonly untilMs: number }>({
    maxEntries: MAX_ABSENT,
  });
  readonly #probed: ProbedRefs;

  constructor(options: AzureProbeOptions) {
    const { client, clock, name, budget } = options;
    this.#options = options;
    this.#probed = new ProbedRefs(budget);
    this.#list = new VaultList(client, clock, name);
    this.#schedule = new RereadSchedule(clock);
  }

  async probe(refs: readonly SecretRef[], { signal }: CallOptions): Promise<ReadonlyMap<string, ProbeResult>> {
    signal.throwIfAborted();
    const results = new Map<string, ProbeResult>();
    const located = locateRefs(refs, locationOf, results);
    if (this.#probed.postpone(refs, results)) return results;
    const byName = new Map([...located.values()].map((location) => [location.name, location]));
    if (byName.size === 0) return results;
    const outcome = await this.#ask(byName, signal);
    signal.throwIfAborted();
    for (const [ref, location] of located) results.set(refKey(ref), this.#resultFor(location, outcome));
    return results;
  }

  async #ask(byName: ReadonlyMap<string, SecretLocation>, signal: AbortSignal): Promise<Outcome> {
    const { name } = this.#options;
    try {
      const listed = await this.#list.ask(new Set(byName.keys()), signal);
      if (listed.kind === 'unusable') return { listed, states: new Map() };
      const states = new Map<string, SecretState>(listed.found);
      this.#schedule.advance([...byName.keys()]);
      const toRead = [...byName.values()].filter(({ name: secret }) => this.#mustRead(secret, listed.found));
      await mapConcurrently(toRead, AT_ONCE, async (location) => {
        states.set(location.name, await this.#readVersion(location, signal));
      });
      return { listed, states };
    } catch (error) {
      return { listed: null, error: ProviderError.from(error, `${name}: polling failed`) };
    }
  }

  /** Whether the list is not enough: it does not have the secret, or the secret has just changed. */
  #mustRead(name: string, found: ReadonlyMap<string, Observation>): boolean {
    const observation = found.get(name);
    if (observation === undefined) return true;
    this.#absent.delete(name);
    return this.#options.markers.listed(name, observation) && observation.attributes.isEnabled;
  }

  /** Reads the current version to learn its id; the value is dropped. Rejects if the vault does not answer. */
  async #readVersion(location: SecretLocation, signal: AbortSignal): Promise<SecretState> {
    const { client, clock, markers } = this.#options;
    const { name } = location;
    const absent = this.#absent.get(name);
    const startedAtMs = clock.monotonic();
    if (absent !== undefined && startedAtMs < absent.untilMs) return absent.error;
    try {
      const found = await client.secret({ ...location, version: undefined }, signal);
      const observation = { attributes: found.attributes, serverTimeMs: found.serverTimeMs };
      // A new secret is not in the list yet.
      if (markers.markerOf(name) === '') markers.listed(name, observation);
      markers.read(name, found.version, observation, startedAtMs);
      return observation;
    } catch (error) {
      if (!(error instanceof ProviderError) || error.isOutage) throw error;
      if (error.code === 'NOT_FOUND') this.#absent.set(name, { error, untilMs: startedAtMs + ABSENT_FOR_MS });
      return error;
    }
  }

  #resultFor({ name, version }: SecretLocation, outcome: Outcome): ProbeResult {
    if (outcome.listed === null) return { kind: 'failed', error: outcome.error };
    const { listed, states } = outcome;
    if (listed.kind === 'unusable') {
      return { kind: 'unsupported', ...(listed.problem === undefined ? {} : { problem: listed.problem }) };
    }
    const state = states.get(name);
    if (state === undefined) return { kind: 'unsupported' };
    if (state instanceof ProviderError) return { kind: 'failed', error: state };
    // A version never changes; a read shows whether it exists.
    if (version !== undefined) return { kind: 'marker', marker: version };
    const { markers } = this.#options;
    const validity = validityAt(state.attributes, state.serverTimeMs);
    const marker = [markers.markerOf(name), validity, this.#schedule.turnsOf(name)];
    return { kind: 'marker', marker: JSON.stringify(marker) };
  }
}

/** The result of one poll, or why there is none. */
type Outcome =
  | { readonly listed: Listed; readonly states: ReadonlyMap<string, SecretState> }
  | { readonly listed: null; readonly error: ProviderError };
