import { BoundedMap, type Clock } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import type { CallTarget, SecretsClient } from './client.ts';
import { listSecrets } from './listing.ts';
import { callsOf, cheapestStrategy, type ProbeStrategy } from './probe-strategy.ts';
import type { RequestedSecret, SecretState, SecretStates } from './secret-state.ts';
import { describeEach, readInBatches } from './version-lookup.ts';

/** A way that our policy refuses is tried again after this time. */
const REFUSED_FOR_MS = 5 * 60_000;
/** What is known of the list's length, and of its filter, is believed for so long. */
const LIST_KNOWN_FOR_MS = 60 * 60_000;
/** A secret that is in no list, and that AWS says it does not have, is asked for again after this time. */
const ABSENT_FOR_MS = 60_000;
const MAX_ABSENT = 10_000;

/** What the answers need from outside. */
export interface RegionVersionsOptions {
  readonly client: SecretsClient;
  readonly clock: Clock;
  readonly region: string | undefined;
  /** The provider, as messages name it. */
  readonly displayName: string;
}

/** Something that is believed until a time by the monotonic clock. */
interface Believed<T> {
  readonly value: T;
  readonly untilMs: number;
}

/**
 * Learns the versions of secrets in one region with as few calls as it takes: by describing the few, by a list, or by
 * reading twenty at a time, and by another of these what the first does not tell or our policy refuses.
 */
export class RegionVersions {
  readonly #client: SecretsClient;
  readonly #clock: Clock;
  readonly #region: string | undefined;
  readonly #shown: string;
  readonly #refusedUntilMs = new Map<ProbeStrategy, number>();
  readonly #absent = new BoundedMap<Believed<ProviderError>>({ maxEntries: MAX_ABSENT });
  #listPages: Believed<number> | undefined;
  #unfilteredUntilMs = Number.NEGATIVE_INFINITY;

  constructor({ client, clock, region, displayName }: RegionVersionsOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#region = region;
    this.#shown = displayName;
  }

  /** What the operator may change so that fewer calls are needed; `undefined` where all is well. */
  get problem(): string | undefined {
    if (!this.#isRefused('list')) return undefined;
    return `${this.#shown}: our policy refuses the list of secrets, so that looking for changes takes more calls; allow secretsmanager:ListSecrets on resource "*"`;
  }

  /** The state of each secret that could be learned. Rejects only where it was aborted. */
  async ask(requested: readonly RequestedSecret[], signal: AbortSignal): Promise<SecretStates> {
    const states: SecretStates = new Map();
    const target: CallTarget = { region: this.#region, displayName: this.#shown, signal };
    const tried = new Set<ProbeStrategy>();
    let open = requested;
    while (open.length > 0) {
      const way = this.#cheapest(open, tried);
      if (way === undefined) break;
      tried.add(way);
      try {
        const found = await this.#askBy(way, open, target);
        if (way !== 'list' && this.#isListed(tried)) this.#noteUnlisted(found);
        for (const { secretId } of open) {
          const state = found.get(secretId) ?? this.#knownAbsent(secretId, tried);
          if (state !== undefined) states.set(secretId, state);
        }
        open = open.filter(({ secretId }) => !states.has(secretId));
      } catch (error) {
        signal.throwIfAborted();
        const failure = ProviderError.from(error, `${this.#shown}: looking for changes failed`);
        if (failure.code === 'ACCESS_DENIED') {
          this.#refuse(way);
          continue;
        }
        for (const { secretId } of open) states.set(secretId, { kind: 'failed', error: failure });
        break;
      }
    }
    return states;
  }

  #cheapest(open: readonly RequestedSecret[], tried: ReadonlySet<ProbeStrategy>): ProbeStrategy | undefined {
    const without = new Set(tried);
    for (const way of this.#refusedUntilMs.keys()) if (this.#isRefused(way)) without.add(way);
    if (open.every(({ needsStages }) => needsStages)) without.add('batch');
    return cheapestStrategy({ count: open.length, listPages: this.#knownListPages(), without });
  }

  async #askBy(way: ProbeStrategy, open: readonly RequestedSecret[], target: CallTarget): Promise<SecretStates> {
    switch (way) {
      case 'batch':
        return readInBatches(this.#client, open, target);
      case 'describe': {
        const { states, isRefused } = await describeEach(this.#client, open, target);
        if (isRefused) this.#refuse('describe');
        return states;
      }
      case 'list':
        return this.#list(open, target);
    }
  }

  async #list(open: readonly RequestedSecret[], target: CallTarget): Promise<SecretStates> {
    const nowMs = this.#clock.monotonic();
    const { states, pages, isComplete } = await listSecrets(this.#client, open, target, {
      filtered: nowMs >= this.#unfilteredUntilMs,
      maxPages: this.#callsWithoutList(open.length),
    });
    const value = isComplete ? pages : Number.POSITIVE_INFINITY;
    if (this.#knownListPages() !== value) this.#listPages = { value, untilMs: nowMs + LIST_KNOWN_FOR_MS };
    return states;
  }

  /** A list that is longer than this is not worth its calls. */
  #callsWithoutList(count: number): number {
    const other = this.#isRefused('batch') ? 'describe' : 'batch';
    return Math.max(1, callsOf(other, { count, listPages: undefined }));
  }

  #isListed(tried: ReadonlySet<ProbeStrategy>): boolean {
    return tried.has('list') && !this.#isRefused('list');
  }

  /** What another way told of secrets that the list did not have. */
  #noteUnlisted(found: SecretStates): void {
    const nowMs = this.#clock.monotonic();
    for (const [secretId, state] of found) {
      if (state.kind === 'failed' && state.error.code === 'NOT_FOUND') {
        this.#absent.set(secretId, { value: state.error, untilMs: nowMs + ABSENT_FOR_MS });
      } else if (state.kind === 'found' && this.#knownListPages() !== Number.POSITIVE_INFINITY) {
        // It is there, and was not in the list: either it is new, or AWS understands our filter in another way.
        this.#unfilteredUntilMs = nowMs + LIST_KNOWN_FOR_MS;
      }
    }
  }

  /** A secret that is still in no list is not asked for again each time. */
  #knownAbsent(secretId: string, tried: ReadonlySet<ProbeStrategy>): SecretState | undefined {
    const absent = this.#absent.get(secretId);
    if (absent === undefined) return undefined;
    if (!this.#isListed(tried) || this.#clock.monotonic() >= absent.untilMs) {
      this.#absent.delete(secretId);
      return undefined;
    }
    return { kind: 'failed', error: absent.value };
  }

  #knownListPages(): number | undefined {
    const known = this.#listPages;
    return known !== undefined && this.#clock.monotonic() < known.untilMs ? known.value : undefined;
  }

  #refuse(way: ProbeStrategy): void {
    this.#refusedUntilMs.set(way, this.#clock.monotonic() + REFUSED_FOR_MS);
    // How long a list is worth going on with was reckoned with batches.
    if (way === 'batch') this.#listPages = undefined;
  }

  #isRefused(way: ProbeStrategy): boolean {
    return this.#clock.monotonic() < (this.#refusedUntilMs.get(way) ?? Number.NEGATIVE_INFINITY);
  }
}
