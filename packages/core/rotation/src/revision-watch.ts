import {
  type Clock,
  type Events,
  ProviderError,
  type ProviderInstance,
  refKey,
  type SecretRef,
  type SecretRevision,
  withDeadline,
} from '@vault-swarm/provider';
import { askProbe } from './ask-probe.ts';
import { mapConcurrently } from './concurrency.ts';
import { tagRevision } from './held-value.ts';
import type { CurrentValue } from './holdings.ts';
import type { ServedValues } from './served-values.ts';

interface WatchedRef {
  readonly ref: SecretRef;
  marker: string | null;
  current: CurrentValue | null;
  /** The same, its revision tagged with the ref. */
  tagged: CurrentValue | null;
  /** When the latest look began that found `current`, in monotonic milliseconds. */
  confirmedAtMs: number;
  error: ProviderError | null;
  /** Digests of the latest revisions, oldest first. */
  readonly digests: Map<string, string>;
}

interface Finding {
  readonly watched: WatchedRef;
  readonly marker: string | null;
  /** When the look began, in monotonic milliseconds. */
  readonly begunAtMs: number;
  readonly revision?: SecretRevision;
  readonly error?: ProviderError;
}

const CALL_DEADLINE_MS = 10_000;
/** After so many failures in a row the rest of a look is not read. */
const FAILURES_IN_A_ROW = 3;
const READS_AT_ONCE = 8;
const DIGESTS_PER_REF = 4;

/** Changes that are written within this time count as made together, and are rolled out together. */
const SETTLE_MS = 200;

/**
 * Watches the refs of one provider: asks its probe whether something may have changed, and reads what has. What it
 * finds in one look is taken over together.
 */
export class RevisionWatch {
  readonly #provider: string;
  readonly #findProvider: (name: string) => Promise<ProviderInstance>;
  readonly #values: ServedValues;
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #digest: (bytes: Uint8Array) => string;
  #refs = new Map<string, WatchedRef>();
  #failing = false;
  #probeProblem: string | null = null;

  constructor(ports: {
    readonly provider: string;
    readonly findProvider: (name: string) => Promise<ProviderInstance>;
    readonly values: ServedValues;
    readonly clock: Clock;
    readonly events: Events;
    /** The keyed digest, always under the same key. */
    readonly digest: (bytes: Uint8Array) => string;
  }) {
    this.#provider = ports.provider;
    this.#findProvider = ports.findProvider;
    this.#values = ports.values;
    this.#clock = ports.clock;
    this.#events = ports.events;
    this.#digest = ports.digest;
  }

  /** Why the provider can't be asked now; `null` while it answers. */
  get failure(): ProviderError | null {
    if (!this.#failing) return null;
    return [...this.#refs.values()].find(({ error }) => error?.isOutage === true)?.error ?? null;
  }

  /** What the operator may change so that changes are noticed without reading values; `null` where all is well. */
  get probeProblem(): string | null {
    return this.#probeProblem;
  }

  /** Forgets what it found, since digests under another key can't be compared with those. */
  reset(): void {
    const refs = new Map([...this.#refs].map(([key, { ref }]) => [key, ref] as const));
    this.#refs.clear();
    this.setRefs(refs);
  }

  /** From now on watches exactly these. Returns whether there is a new one among them. */
  setRefs(refs: ReadonlyMap<string, SecretRef>): boolean {
    const before = this.#refs;
    this.#refs = new Map();
    let added = false;
    for (const [key, ref] of refs) {
      const known = before.get(key);
      added ||= known === undefined;
      this.#refs.set(key, known ?? newlyWatched(ref));
    }
    return added;
  }

  /** The current value as of the latest look that could tell. */
  current(key: string): CurrentValue | undefined {
    return this.#refs.get(key)?.current ?? undefined;
  }

  /** The same, its revision tagged with the ref: what is compared with the ledger's values. */
  taggedCurrent(key: string): CurrentValue | undefined {
    return this.#refs.get(key)?.tagged ?? undefined;
  }

  /** When the latest look began that found this current value, in monotonic milliseconds. */
  confirmedAtMs(key: string): number {
    return this.#refs.get(key)?.confirmedAtMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Why the latest look gave no value for the ref. */
  error(key: string): ProviderError | undefined {
    return this.#refs.get(key)?.error ?? undefined;
  }

  /** The digest of one of the latest revisions; `null` where it was not read. */
  digestOf(key: string, revision: string): string | null {
    return this.#refs.get(key)?.digests.get(revision) ?? null;
  }

  /** Looks once at all refs, and returns whether any of them has another value, or an error, than before. */
  async look(signal: AbortSignal): Promise<boolean> {
    if (this.#refs.size === 0) return false;
    const findings = await this.#findAll(signal);
    const isNews = findings.some(({ watched, revision }) => isNewRevision(watched, revision));
    if (isNews && this.#findsKnown(findings)) {
      await this.#pause(signal);
      const later = await this.#findAll(signal, findings);
      const again = new Set(later.map(({ watched }) => watched));
      findings.splice(0, findings.length, ...findings.filter(({ watched }) => !again.has(watched)), ...later);
    }
    signal.throwIfAborted();
    const changed = findings.map((finding) => this.#takeOver(finding)).some(Boolean);
    this.#tellFailure();
    return changed;
  }

  /** A value that was never known before needs no waiting for others: it is no rotation. */
  #findsKnown(findings: readonly Finding[]): boolean {
    return findings.some(({ watched, revision }) => watched.current !== null && isNewRevision(watched, revision));
  }

  /** Reads what may have changed since the latest look, or since `seen`, the findings of this one. */
  async #findAll(signal: AbortSignal, seen: readonly Finding[] = []): Promise<Finding[]> {
    const seenMarkers = new Map(seen.map(({ watched, marker }) => [watched, marker]));
    const watched = [...this.#refs.values()];
    const begunAtMs = this.#clock.monotonic();
    const asked = await askProbe(
      { clock: this.#clock, provider: this.#provider, findProvider: this.#findProvider, values: this.#values },
      watched.map(({ ref }) => ref),
      signal,
    );
    if (asked.problem !== undefined) this.#probeProblem = asked.problem;
    const { results } = asked;
    const toRead: { watched: WatchedRef; marker: string | null }[] = [];
    const findings: Finding[] = [];
    for (const [index, entry] of watched.entries()) {
      const result = results[index];
      if (result?.kind === 'failed') {
        if (!seenMarkers.has(entry)) findings.push({ watched: entry, marker: null, begunAtMs, error: result.error });
        continue;
      }
      if (result?.kind === 'postponed') continue;
      const marker = result?.kind === 'marker' ? result.marker : null;
      const knownMarker = seenMarkers.get(entry) ?? entry.marker;
      if (marker === null || marker !== knownMarker) {
        toRead.push({ watched: entry, marker });
      } else {
        if (entry.current !== null) this.#values.confirm(entry.ref, entry.current.revision, begunAtMs);
        if (marker === entry.marker) entry.confirmedAtMs = begunAtMs;
        if (entry.error !== null && !seenMarkers.has(entry)) findings.push({ watched: entry, marker, begunAtMs });
      }
    }
    // What a probe has seen an earlier read may not have. Fields of one path are one read.
    const notBeforeMs = this.#clock.monotonic();
    let failuresInARow = 0;
    let latestFailure: ProviderError | undefined;
    const read = await mapConcurrently(toRead, READS_AT_ONCE, async (entry): Promise<Finding> => {
      if (latestFailure !== undefined && failuresInARow >= FAILURES_IN_A_ROW) {
        return { ...entry, begunAtMs, marker: null, error: latestFailure };
      }
      try {
        const revision = await withDeadline(this.#clock, CALL_DEADLINE_MS, signal, (cut) =>
          this.#values.refresh(entry.watched.ref, { signal: cut, notBeforeMs }),
        );
        failuresInARow = 0;
        return { ...entry, begunAtMs, revision };
      } catch (error) {
        signal.throwIfAborted();
        const failure = ProviderError.from(error, `${this.#provider} did not answer in time`);
        failuresInARow = failure.isOutage ? failuresInARow + 1 : 0;
        latestFailure = failure;
        return { ...entry, begunAtMs, marker: null, error: failure };
      }
    });
    return [...findings, ...read];
  }

  #takeOver({ watched, marker, begunAtMs, revision, error }: Finding): boolean {
    if (error !== undefined) {
      const news = watched.error?.code !== error.code;
      watched.error = error;
      // What the provider says it does not have, or does not give, is not current any more. One that is away, or whose "no"
      // proves nothing, says nothing of the value: what was known of it stays, and so does its marker.
      if (!error.retryable) {
        watched.current = null;
        watched.tagged = null;
        watched.marker = null;
      }
      return news;
    }
    const wasFailing = watched.error !== null;
    watched.error = null;
    watched.marker = marker;
    if (revision !== undefined) watched.confirmedAtMs = begunAtMs;
    if (revision === undefined || !isNewRevision(watched, revision)) return wasFailing;
    const digest = this.#digest(revision.value.reveal());
    watched.current = { revision: revision.revision, digest, createdAtMs: revision.createdAtMs ?? null };
    watched.tagged = { ...watched.current, revision: tagRevision(refKey(watched.ref), revision.revision) };
    watched.digests.set(revision.revision, digest);
    const oldest = watched.digests.size > DIGESTS_PER_REF ? watched.digests.keys().next().value : undefined;
    if (oldest !== undefined) watched.digests.delete(oldest);
    return true;
  }

  #tellFailure(): void {
    const failure = [...this.#refs.values()].find(({ error }) => error?.isOutage === true)?.error ?? null;
    if ((failure !== null) === this.#failing) return;
    this.#failing = failure !== null;
    if (failure === null) this.#events.emit({ type: 'provider.recovered', provider: this.#provider });
    else {
      const { code, message } = failure;
      this.#events.emit({ type: 'provider.failed', provider: this.#provider, code, message });
    }
  }

  #pause(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        cancel();
        reject(signal.reason);
      };
      const cancel = this.#clock.after(SETTLE_MS, () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

function newlyWatched(ref: SecretRef): WatchedRef {
  const confirmedAtMs = Number.NEGATIVE_INFINITY;
  return { ref, marker: null, current: null, tagged: null, confirmedAtMs, error: null, digests: new Map() };
}

function isNewRevision(watched: WatchedRef, revision: SecretRevision | undefined): boolean {
  return revision !== undefined && watched.current?.revision !== revision.revision;
}
