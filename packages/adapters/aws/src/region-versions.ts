import { BoundedMap, type Clock } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import type { CallTarget, SecretsClient } from './client.ts';
import { listSecrets } from './listing.ts';
import { callsOf, cheapestStrategy, type ProbeStrategy } from './probe-strategy.ts';
import type { RequestedSecret, SecretState, SecretStates } from './secret-state.ts';
import { describeEach, readInBatches } from './version-lookup.ts';

/** How long a strategy is not tried after our policy denied it. */
const REFUSED_FOR_MS = 5 * 60_000;
/** How long the length of the list, and the use of its filter, are remembered. */
const LIST_KNOWN_FOR_MS = 60 * 60_000;
/** How long a secret that AWS does not have is not requested again. */
const ABSENT_FOR_MS = 60_000;
const MAX_ABSENT = 10_000;

/** The dependencies of {@link RegionVersions}. */
export interface RegionVersionsOptions {
  readonly client: SecretsClient;
  readonly clock: Clock;
  readonly region: string | undefined;
  /** The provider for messages. */
  readonly displayName: string;
}

/** A fact with an end, by the monotonic clock. */
interface Believed<T> {
  readonly value: T;
  readonly untilMs: number;
}

/**
 * Reads the versions of secrets in one region with as few calls as possible: by describing them one by one, by a list,
 * or by batches of 20. If one strategy is denied or incomplete, it uses another for the rest.
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

  /** What the operator can change to need fewer calls; `undefined` if nothing. */
  get problem(): string | undefined {
    if (!this.#isRefused('list')) return undefined;
    return `${this.#shown}: the policy denies listing secrets, so that polling takes more calls; allow secretsmanager:ListSecrets on resource "*"`;
  }

  /** Returns the state of each secret that could be read. Rejects only if aborted. */
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
        const failure = ProviderError.from(error, `${this.#shown}: polling failed`);
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

  /** A longer list is not worth its calls. */
  #callsWithoutList(count: number): number {
    const other = this.#isRefused('batch') ? 'describe' : 'batch';
    return Math.max(1, callsOf(other, { count, listPages: undefined }));
  }

  #isListed(tried: ReadonlySet<ProbeStrategy>): boolean {
    return tried.has('list') && !this.#isRefused('list');
  }

  /** Records secrets that another strategy found and the list did not have. */
  #noteUnlisted(found: SecretStates): void {
    const nowMs = this.#clock.monotonic();
    for (const [secretId, state] of found) {
      if (state.kind === 'failed' && state.error.code === 'NOT_FOUND') {
        this.#absent.set(secretId, { value: state.error, untilMs: nowMs + ABSENT_FOR_MS });
      } else if (state.kind === 'found' && this.#knownListPages() !== Number.POSITIVE_INFINITY) {
        // It exists and was not in the list: it is new, or AWS interprets the filter differently.
        this.#unfilteredUntilMs = nowMs + LIST_KNOWN_FOR_MS;
      }
    }
  }

  /** A secret that is still in no list is not requested each time. */
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
    // The limit for the list was computed with batches.
    if (way === 'batch') this.#listPages = undefined;
  }

  #isRefused(way: ProbeStrategy): boolean {
    return this.#clock.monotonic() < (this.#refusedUntilMs.get(way) ?? Number.NEGATIVE_INFINITY);
  }
}
