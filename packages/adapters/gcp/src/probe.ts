import { BoundedMap, type Clock, mapConcurrently } from '@vault-swarm/kernel';
import {
  type CallBudget,
  type CallOptions,
  type ChangeProbe,
  locateRefs,
  type ProbeResult,
  ProviderError,
  RereadSchedule,
  refKey,
  type SecretRef,
} from '@vault-swarm/provider';
import type { SecretManagerClient, VersionState } from './client.ts';
import { locationKey, locationOf, type SecretLocation } from './location.ts';
import type { PollQuota } from './quota.ts';
import type { ReportedVersions } from './reported-versions.ts';
import { isNumber } from './secret-name.ts';
import type { VersionTimes } from './version-times.ts';

const AT_ONCE = 8;
/** How long a secret is not probed after our policy denied it. */
const REFUSED_FOR_MS = 5 * 60_000;
const MAX_SECRETS = 10_000;

/** The dependencies of {@link GcpProbe}. */
export interface GcpProbeOptions {
  readonly client: SecretManagerClient;
  readonly clock: Clock;
  readonly reported: ReportedVersions;
  readonly times: VersionTimes;
  /** The operator's budget. */
  readonly budget: CallBudget;
  readonly quota: PollQuota;
}

/** The result of one call. */
type Found = VersionState | ProviderError;

/**
 * Detects changes by the number and state of each secret's version: one call for each secret. Google's quota is for
 * each minute and project, so a probe of many secrets asks for a part of them, in turn, and postpones the others: see
 * {@link PollQuota}. While the operator's budget is used up, it asks for none. Only a read can tell about a secret that
 * was never asked for. Once an hour each marker changes, so that a read shows whether the policy still allows it.
 */
export class GcpProbe implements ChangeProbe {
  readonly #options: GcpProbeOptions;
  readonly #schedule: RereadSchedule;
  readonly #refusedUntilMs = new BoundedMap<number>({ maxEntries: MAX_SECRETS });
  /** When each location in use was asked for, in monotonic milliseconds; never: minus infinity. */
  #askedAtMs: ReadonlyMap<string, number> = new Map();

  constructor(options: GcpProbeOptions) {
    this.#options = options;
    this.#schedule = new RereadSchedule(options.clock);
  }

  async probe(refs: readonly SecretRef[], { signal }: CallOptions): Promise<ReadonlyMap<string, ProbeResult>> {
    signal.throwIfAborted();
    const results = new Map<string, ProbeResult>();
    const located = locateRefs(refs, locationOf, results);
    const locations = new Map<string, SecretLocation>();
    for (const location of located.values()) {
      if (!isNumber(location.version)) locations.set(locationKey(location), location);
    }
    const knownBefore = this.#askedAtMs;
    const found = await this.#ask(locations, signal);
    signal.throwIfAborted();
    for (const [ref, location] of located) {
      results.set(refKey(ref), this.#resultFor(location, found, knownBefore.has(locationKey(location))));
    }
    return results;
  }

  async #ask(locations: ReadonlyMap<string, SecretLocation>, signal: AbortSignal): Promise<ReadonlyMap<string, Found>> {
    const { clock, budget, quota } = this.#options;
    const nowMs = clock.monotonic();
    const askedAtMs = new Map(
      [...locations.keys()].map((key) => [key, this.#askedAtMs.get(key) ?? Number.NEGATIVE_INFINITY]),
    );
    this.#askedAtMs = askedAtMs;
    this.#schedule.advance([...locations.keys()]);
    const found = new Map<string, Found>();
    if (budget.isUsedUp) return found;
    const due = [...locations]
      .filter(([key]) => nowMs >= (this.#refusedUntilMs.get(key) ?? Number.NEGATIVE_INFINITY))
      .sort(([a], [b]) => (askedAtMs.get(a) ?? 0) - (askedAtMs.get(b) ?? 0));
    const inTurn = due.slice(0, quota.take(due.length));
    try {
      await mapConcurrently(inTurn, AT_ONCE, async ([key, location]) => {
        found.set(key, await this.#askOne(key, location, signal));
        askedAtMs.set(key, nowMs);
      });
    } catch (error) {
      // The others would fail too.
      const failure = ProviderError.from(error, `${inTurn[0]?.[1].displayName}: polling failed`);
      for (const [key] of inTurn) if (!found.has(key)) found.set(key, failure);
    }
    return found;
  }

  /** Rejects if Google does not answer, or rejects calls because of a quota. */
  async #askOne(key: string, location: SecretLocation, signal: AbortSignal): Promise<Found> {
    const { client, clock, times } = this.#options;
    try {
      const state = await client.version(location, signal);
      times.reported(location.secret, state.number, state.createdAt);
      this.#refusedUntilMs.delete(key);
      return state;
    } catch (error) {
      if (!(error instanceof ProviderError) || error.isOutage) throw error;
      if (error.code === 'ACCESS_DENIED') this.#refusedUntilMs.set(key, clock.monotonic() + REFUSED_FOR_MS);
      return error;
    }
  }

  #resultFor(location: SecretLocation, found: ReadonlyMap<string, Found>, isKnown: boolean): ProbeResult {
    // A version never changes; a read shows whether it exists.
    if (isNumber(location.version)) return { kind: 'marker', marker: location.version };
    const key = locationKey(location);
    const result = found.get(key);
    if (this.#refusedUntilMs.has(key)) {
      const advice = 'allow secretmanager.versions.get and secretmanager.versions.list (role Secret Manager Viewer)';
      const problem = `${location.displayName}: the policy denies its versions, so that polling reads the value; ${advice}`;
      return { kind: 'unsupported', problem };
    }
    if (result === undefined) return { kind: isKnown ? 'postponed' : 'unsupported' };
    if (result instanceof ProviderError) return { kind: 'failed', error: result };
    const marker = this.#options.reported.markerOf(location, result);
    return { kind: 'marker', marker: JSON.stringify([marker, this.#schedule.turnsOf(key)]) };
  }
}
