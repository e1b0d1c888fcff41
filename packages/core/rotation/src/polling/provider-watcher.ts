import { type Clock, type Random, sleep } from '@vault-swarm/kernel';
import {
  describeRef,
  type ProbeResult,
  type ProviderError,
  type ProviderInstance,
  type SecretRef,
} from '@vault-swarm/provider';
import type { Noticed } from '../ledger/ledger.ts';
import type { ValueCache } from '../ports/value-cache.ts';
import type { CurrentValue } from '../tasks/task-revision.ts';
import { locationKey } from './location-key.ts';
import type { ProviderOutages } from './provider-outages.ts';
import { problemIn, runProbe } from './run-probe.ts';
import { type ReadPorts, runReads, type ToRead } from './run-reads.ts';
import { type Finding, WatchedRef, type WatchedRefPorts } from './watched-ref.ts';

/** Changes within this time count as made together, and are rolled out together. */
const SETTLE_MS = 200;

/** A longer lag is reported to the operator. Most lags are shorter than a second. */
const LAG_SHOWN_AFTER_MS = 10_000;

const BY_POLL: Noticed = { by: 'poll' };

/**
 * Watches the refs of one provider: probes for changes, and reads what may have changed. All findings of one poll are
 * applied together. A read that returns an older revision than the newest known one is soon repeated.
 */
export class ProviderWatcher {
  readonly #provider: string;
  readonly #findProvider: (name: string) => Promise<ProviderInstance>;
  readonly #values: ValueCache;
  readonly #clock: Clock;
  readonly #outages: ProviderOutages;
  readonly #readPorts: ReadPorts;
  readonly #watchedPorts: WatchedRefPorts;
  #refs = new Map<string, WatchedRef>();
  #failing = false;
  /** How the changes count as noticed that the latest poll finds, or a repeated read after it. */
  #noticed: Noticed = BY_POLL;
  #probeProblem: string | null = null;

  constructor(ports: {
    readonly provider: string;
    readonly findProvider: (name: string) => Promise<ProviderInstance>;
    readonly values: ValueCache;
    readonly clock: Clock;
    readonly random: Random;
    readonly outages: ProviderOutages;
    /** The keyed digest, always with the same key. */
    readonly digest: ReadPorts['digest'];
    /** The digest with the previous key, while the key is being replaced. */
    readonly formerDigest: ReadPorts['formerDigest'];
  }) {
    const { values, random } = ports;
    this.#provider = ports.provider;
    this.#findProvider = ports.findProvider;
    this.#values = values;
    this.#clock = ports.clock;
    this.#outages = ports.outages;
    this.#readPorts = ports;
    this.#watchedPorts = { values, jitter: () => random.next() };
  }

  /** Whether refs of the provider are watched. */
  get isPolling(): boolean {
    return this.#refs.size > 0;
  }

  /** Why the provider can't be polled now; `null` while it answers. */
  get failure(): ProviderError | null {
    if (!this.#failing) return null;
    return [...this.#refs.values()].find(({ error }) => error?.isOutage === true)?.error ?? null;
  }

  /** What the operator can change so that probes notice changes without reading values; `null` if nothing is needed. */
  get probeProblem(): string | null {
    return this.#probeProblem;
  }

  /** Which refs have lagged for a while, for people; `null` if none has. */
  get lagProblem(): string | null {
    const nowMs = this.#clock.monotonic();
    const shown = [...this.#refs.values()].flatMap(({ ref, lag }) =>
      lag !== null && nowMs - lag.sinceMs >= LAG_SHOWN_AFTER_MS ? [{ ref, lag }] : [],
    );
    const [first] = shown;
    if (first === undefined) return null;
    const { ref, lag } = first;
    const given = lag.revision === null ? 'no value' : `revision ${lag.revision}`;
    const others = shown.length === 1 ? '' : ` (and the same for ${shown.length - 1} others)`;
    return (
      `${describeRef(ref)}: reads give ${given}, though the provider has revision ${this.#values.newest(ref)}, for ` +
      `${Math.round((nowMs - lag.sinceMs) / 1_000)} s now${others}; it is read again; ` +
      "check the replication between the provider's servers"
    );
  }

  /** In how many milliseconds {@link readAgain} is due; `null` if no ref lags or changes by a schedule. */
  get againInMs(): number | null {
    const times = [...this.#refs.values()].flatMap(({ againAtMs }) => againAtMs ?? []);
    return times.length === 0 ? null : Math.max(0, Math.min(...times) - this.#clock.monotonic());
  }

  /** Forgets all findings, since digests under another key can't be compared with them. */
  reset(): void {
    const refs = new Map([...this.#refs].map(([key, { ref }]) => [key, ref] as const));
    this.#refs.clear();
    this.setRefs(refs);
  }

  /** Watches exactly these refs from now on. Returns whether one of them is new. */
  setRefs(refs: ReadonlyMap<string, SecretRef>): boolean {
    const before = this.#refs;
    this.#refs = new Map();
    let added = false;
    for (const [key, ref] of refs) {
      const known = before.get(key);
      added ||= known === undefined;
      this.#refs.set(key, known ?? new WatchedRef(ref, this.#watchedPorts));
    }
    return added;
  }

  /** The current value as of the latest poll that could determine it. */
  current(key: string): CurrentValue | undefined {
    return this.#refs.get(key)?.current ?? undefined;
  }

  /** The current value with its revision tagged with the ref, for comparison with the ledger's values. */
  taggedCurrent(key: string): CurrentValue | undefined {
    return this.#refs.get(key)?.tagged ?? undefined;
  }

  /** Whether a poll has found anything about the ref: a value, or an error. */
  hasFindings(key: string): boolean {
    return this.#refs.get(key)?.isUnknown === false;
  }

  /** Whether the provider may have another current value: a newer revision is known, or reads return older ones. */
  isUncertain(key: string): boolean {
    const watched = this.#refs.get(key);
    return watched !== undefined && (watched.isBehind || watched.isDisputed);
  }

  /** When the latest poll that found this current value started, in monotonic milliseconds. */
  confirmedAtMs(key: string): number {
    return this.#refs.get(key)?.confirmedAtMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Why the latest poll returned no value for the ref. */
  error(key: string): ProviderError | undefined {
    return this.#refs.get(key)?.error ?? undefined;
  }

  /** The digest of one of the latest revisions; `null` if that revision was not read. */
  digestOf(key: string, revision: string): string | null {
    return this.#refs.get(key)?.digestOf(revision) ?? null;
  }

  /**
   * Polls all refs once, for the reason `noticed`. Returns whether one of them has a new value, or an error changed.
   * @param only the keys of the locations to poll; by default all.
   */
  async poll(signal: AbortSignal, noticed: Noticed = BY_POLL, only?: ReadonlySet<string>): Promise<boolean> {
    this.#noticed = noticed;
    const polled = [...this.#refs.values()].filter(({ ref }) => only === undefined || only.has(locationKey(ref)));
    if (polled.length === 0) return false;
    const findings = await this.#find(polled, signal);
    const isNews = (finding: Finding) => finding.watched.isNews(finding);
    // A first value is no rotation, so it need not wait for others.
    if (findings.some((finding) => isNews(finding) && finding.watched.current !== null)) {
      await sleep(this.#clock, SETTLE_MS, signal);
      const later = await this.#find(polled, signal, findings);
      const again = new Set(later.map(({ watched }) => watched));
      findings.splice(0, findings.length, ...findings.filter(({ watched }) => !again.has(watched)), ...later);
    }
    return this.#takeOver(findings, signal);
  }

  /** Reads the refs again that lag, or that the provider was to replace by now. Returns the same as {@link poll}. */
  async readAgain(signal: AbortSignal): Promise<boolean> {
    const nowMs = this.#clock.monotonic();
    const due = [...this.#refs.values()].flatMap((watched): ToRead[] => {
      const { lag, againAtMs } = watched;
      if (againAtMs === null || againAtMs > nowMs) return [];
      if (lag === null) return [{ watched, marker: null, named: undefined }];
      // The marker is older than this read. It is valid for the result only if it names the revision that is read.
      const { marker, named } = lag;
      return [{ watched, marker: named === undefined ? null : marker, named }];
    });
    return this.#takeOver(await runReads(this.#readPorts, due, nowMs, signal), signal);
  }

  /** Finds what may have changed since the latest poll, or since `seen`, the earlier findings of this poll. */
  async #find(watched: readonly WatchedRef[], signal: AbortSignal, seen: readonly Finding[] = []): Promise<Finding[]> {
    const seenBy = new Map(seen.map((finding) => [finding.watched, finding]));
    const startedAtMs = this.#clock.monotonic();
    const unknown = watched.filter((entry) => entry.isUnknown && !seenBy.has(entry));
    let firstReads: Promise<readonly Finding[]> | undefined;
    const asked = await runProbe(
      { clock: this.#clock, provider: this.#provider, findProvider: this.#findProvider, values: this.#values },
      watched.map(({ ref }) => ref),
      signal,
      (probe) => {
        if (probe.namesRevisions !== true) return;
        const toRead = unknown.map((entry) => ({ watched: entry, marker: null, named: undefined }));
        firstReads = runReads(this.#readPorts, toRead, startedAtMs, signal, true);
        // If the probe is aborted, nobody waits for these reads.
        firstReads.catch(() => undefined);
      },
    );
    const { results } = asked;
    const firsts = new Map((await firstReads)?.map((finding) => [finding.watched, finding]));
    const toRead: ToRead[] = [];
    const findings: Finding[] = [];
    for (const [index, entry] of watched.entries()) {
      const result = results[index];
      const before = seenBy.get(entry);
      const first = firsts.get(entry);
      if (first !== undefined) {
        findings.push(this.#probedMeanwhile(first, result));
        continue;
      }
      if (result?.kind === 'failed') {
        if (before === undefined) findings.push({ watched: entry, marker: null, startedAtMs, error: result.error });
        continue;
      }
      if (result?.kind === 'postponed') continue;
      const { marker, revision: named } = result?.kind === 'marker' ? result : { marker: null, revision: undefined };
      if (named !== undefined) this.#values.seen(entry.ref, named);
      const isOld = before?.revision === undefined ? entry.isBehind : entry.isOld(before.revision.revision);
      if (marker === null || marker !== (before?.marker ?? entry.marker) || isOld) {
        toRead.push({ watched: entry, marker, named });
      } else {
        if (marker === entry.marker) entry.confirmedAtMs = startedAtMs;
        if (before !== undefined) continue;
        if (entry.current !== null) this.#values.revalidate(entry.ref, entry.current.revision, startedAtMs);
        if (entry.error !== null || entry.lag !== null) findings.push({ watched: entry, marker, startedAtMs });
      }
    }
    const all = [...findings, ...(await runReads(this.#readPorts, toRead, startedAtMs, signal))];
    if (asked.problem !== undefined) this.#probed(watched, results, all);
    return all;
  }

  /** A read, and a probe at the same time. If the probe names no revision, its marker may be newer than the value. */
  #probedMeanwhile(read: Finding, result: ProbeResult | undefined): Finding {
    if (result?.kind !== 'marker' || result.revision === undefined) return read;
    const { marker, revision: named } = result;
    this.#values.seen(read.watched.ref, named);
    return { ...read, named, marker: read.error === undefined ? marker : null };
  }

  /** What a probe lacks is no problem of its own if the value is not read either: that error says more. */
  #probed(watched: readonly WatchedRef[], results: readonly ProbeResult[], findings: readonly Finding[]): void {
    const found = new Map(findings.map((finding) => [finding.watched, finding]));
    const errorOf = (entry: WatchedRef) => (found.has(entry) ? found.get(entry)?.error : entry.error) ?? null;
    const read = watched.flatMap((entry, index) => (errorOf(entry) === null ? (results[index] ?? []) : []));
    const problem = problemIn(read);
    if (problem !== null || watched.length === this.#refs.size) this.#probeProblem = problem;
  }

  #takeOver(findings: readonly Finding[], signal: AbortSignal): boolean {
    signal.throwIfAborted();
    const nowMs = this.#clock.monotonic();
    const changed = findings.map((finding) => finding.watched.takeOver(finding, nowMs, this.#noticed)).some(Boolean);
    this.#reportFailure();
    return changed;
  }

  #reportFailure(): void {
    const failure = [...this.#refs.values()].find(({ error }) => error?.isOutage === true)?.error ?? null;
    if ((failure !== null) === this.#failing) return;
    this.#failing = failure !== null;
    if (failure === null) this.#outages.answered(this.#provider);
    else this.#outages.failed(this.#provider, failure);
  }
}
