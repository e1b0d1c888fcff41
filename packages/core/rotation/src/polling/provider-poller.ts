import { errorMessage } from '@vault-swarm/kernel';
import { type ProviderError, refKey, type SecretRef, type SecretValue } from '@vault-swarm/provider';
import type { ClusterBindings, SecretBinding } from '../bindings/secret-binding.ts';
import type { LedgerDocument, Noticed } from '../ledger/ledger.ts';
import type { RotationPorts } from '../ports/rotation-ports.ts';
import type { CurrentValue } from '../tasks/task-revision.ts';
import { Ticker } from '../ticker.ts';
import { locationKey } from './location-key.ts';
import { ProviderHealthCheck } from './provider-health-check.ts';
import { ProviderOutages } from './provider-outages.ts';
import { ProviderWatcher } from './provider-watcher.ts';

interface Watched {
  readonly watch: ProviderWatcher;
  readonly loop: Ticker;
  /** Whether the next poll is about all refs, although the interval is not over. */
  isAllDue: boolean;
  /** The locations of hints, and of an operator's request, for the next poll. */
  hinted: Set<string>;
  /** Why the next poll is made, if not because the interval is over. */
  noticed: Noticed | null;
}

/** The jitter can make a loop run up to a tenth of its interval earlier. */
const EARLIEST = 0.9;

/** A provider's `retryAfter` is limited to this time. */
const MAX_PAUSE_MS = 5 * 60_000;

/**
 * The interval of a standby. It polls so that it has the values when it becomes the leader, and it follows the leader's
 * ledger.
 */
const STANDBY_INTERVAL_MS = 60_000;

/** What the watchers need besides the ports. */
export interface PollSettings {
  readonly intervalMs: number;
  /** The key of the digests; `null` if the ledger has it. */
  readonly digestKey: string | null;
  /** The operator's previous key, while the key is being replaced. */
  readonly formerDigestKey: string | null;
  /** Called when a value or an error changed. */
  readonly onNews: () => void;
}

/** One watcher and one loop for each provider, so that a hanging provider delays no other. */
export class ProviderPoller {
  readonly #ports: RotationPorts;
  readonly #settings: PollSettings;
  readonly #outages: ProviderOutages;
  readonly #poller: ReadonlyMap<string, Watched>;
  readonly #unsubscribe: (() => void)[] = [];
  #isLeading = true;
  /** By ref key, for the refs that are in use now. */
  #polledOf: ReadonlyMap<string, Watched> = new Map();
  /** The bindings of the services whose refs these are. There may be 20,000, mostly unchanged since the last pass. */
  #watched: readonly (readonly SecretBinding[])[] = [];
  #digestKey: string | null;
  /** Made with `#digestKey`. */
  #digests = new WeakMap<SecretValue, string>();
  /** A second key that digests in the ledger may still use. */
  #formerKey: string | null;

  constructor(ports: RotationPorts, settings: PollSettings) {
    this.#ports = ports;
    this.#settings = settings;
    this.#digestKey = settings.digestKey;
    this.#formerKey = settings.formerDigestKey;
    this.#outages = new ProviderOutages(ports.events);
    this.#poller = new Map(ports.providers.map((provider) => [provider, this.#watchProvider(provider)]));
  }

  /** Subscribes to the providers' hints. The loops start with the first refs. */
  start(): void {
    for (const [name, watched] of this.#poller) {
      // A provider that never gets ready gives no hints. Its loop reports why.
      this.#ports.findProvider(name).then(
        ({ hints }) => {
          if (hints !== null) this.#unsubscribe.push(hints.onHint((changed) => hint(watched, changed)));
        },
        () => undefined,
      );
    }
  }

  /** Stops all loops; resolves when nothing is in flight any more. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await Promise.all([...this.#poller.values()].map(({ loop }) => loop.stop()));
  }

  /**
   * Sets whether this process polls as the leader or as a standby. A standby polls once a minute while the provider
   * answers, and also when the ledger names a value that it did not find. A new leader polls at once.
   */
  lead(isLeading: boolean): void {
    if (isLeading === this.#isLeading) return;
    this.#isLeading = isLeading;
    if (isLeading) for (const watched of this.#poller.values()) wakeForAll(watched);
  }

  /**
   * The health checks of the providers that are not polled. Their rounds are the caller's.
   *
   * @param onAnswer is called with the name of a provider that answered a check.
   */
  healthCheck(onAnswer: (provider: string) => void): ProviderHealthCheck {
    const pollsOf = (name: string) => {
      const watch = this.of(name);
      return { isPolled: watch?.isPolling === true, isFailing: watch != null && watch.failure !== null };
    };
    const { providers: names, findProvider, labels, clock } = this.#ports;
    return new ProviderHealthCheck({ names, findProvider, labels, clock, pollsOf, onAnswer, outages: this.#outages });
  }

  /** The watcher of a provider. */
  of(provider: string): ProviderWatcher | undefined {
    return this.#poller.get(provider)?.watch;
  }

  /** Polls a provider as soon as possible. `noticed`: how changes count as noticed that this poll finds. */
  wake(provider: string, noticed: Noticed | null = null): void {
    const watched = this.#poller.get(provider);
    if (watched === undefined) return;
    watched.noticed = noticed ?? watched.noticed;
    wakeForAll(watched);
  }

  /** Polls the provider of a ref as soon as possible. */
  wakeFor(key: string): void {
    const watched = this.#polledOf.get(key);
    if (watched !== undefined) wakeForAll(watched);
  }

  /**
   * Polls now, because an operator asks; resolves when each poll has ended.
   * @param refs which refs to poll; by default all of every provider.
   */
  async poll(refs?: readonly SecretRef[]): Promise<void> {
    const concerned = new Set(refs === undefined ? this.#poller.values() : this.#hintAt(refs));
    for (const watched of concerned) {
      watched.noticed = { by: 'operator' };
      watched.isAllDue ||= refs === undefined;
    }
    await Promise.all([...concerned].map(({ loop }) => loop.next()));
  }

  #hintAt(refs: readonly SecretRef[]): readonly Watched[] {
    return refs.flatMap((ref) => {
      const watched = this.#polledOf.get(refKey(ref));
      watched?.hinted.add(locationKey(ref));
      return watched ?? [];
    });
  }

  /** The current value of a ref with its tagged revision, as of the latest poll. */
  current(key: string): CurrentValue | undefined {
    return this.#polledOf.get(key)?.watch.taggedCurrent(key);
  }

  /** Why the provider delivers no value of a ref; `undefined` if it delivers one, or does not answer. */
  refusal(key: string): ProviderError | undefined {
    const error = this.#polledOf.get(key)?.watch.error(key);
    return error?.retryable === false ? error : undefined;
  }

  /** Whether a poll has found anything about a ref: a value, or an error. */
  hasFindings(key: string): boolean {
    return this.#polledOf.get(key)?.watch.hasFindings(key) ?? false;
  }

  /** Whether the provider may have another current value of a ref: see {@link ProviderWatcher.isUncertain}. */
  isUncertain(key: string): boolean {
    return this.#polledOf.get(key)?.watch.isUncertain(key) ?? false;
  }

  /** When the latest poll that found the current value started, in monotonic milliseconds. */
  confirmedAtMs(key: string): number {
    return this.#polledOf.get(key)?.watch.confirmedAtMs(key) ?? Number.NEGATIVE_INFINITY;
  }

  /** The digest of one of the latest revisions; `null` if that revision was not read. */
  digestOf(key: string, revision: string): string | null {
    return this.#polledOf.get(key)?.watch.digestOf(key, revision) ?? null;
  }

  /**
   * The digest of a value; `null` while the key is not known. It is computed once per value object, since many tasks
   * may need it.
   */
  digest(value: SecretValue): string | null {
    if (this.#digestKey === null) return null;
    const known = this.#digests.get(value);
    if (known !== undefined) return known;
    const digest = this.#ports.digest.digest(this.#digestKey, value.reveal());
    this.#digests.set(value, digest);
    return digest;
  }

  /** Watches exactly the refs that services use and may read, from now on. */
  watch({ services }: Pick<ClusterBindings, 'services'>): void {
    const lists = services.map(({ bindings }) => bindings);
    const before = this.#watched;
    if (lists.length === before.length && lists.every((list, index) => list === before[index])) return;
    this.#watched = lists;
    const refs = new Map<string, Map<string, SecretRef>>();
    const polledOf = new Map<string, Watched>();
    for (const list of lists) {
      for (const { ref, denial } of list) {
        // What is issued has no stored value that could change.
        if (ref.pin !== undefined || ref.lease !== undefined || denial !== undefined) continue;
        const key = refKey(ref);
        const ofProvider = refs.get(ref.provider) ?? new Map<string, SecretRef>();
        refs.set(ref.provider, ofProvider.set(key, ref));
        const watched = this.#poller.get(ref.provider);
        if (watched !== undefined) polledOf.set(key, watched);
      }
    }
    this.#polledOf = polledOf;
    for (const [name, watched] of this.#poller) {
      if (watched.watch.setRefs(refs.get(name) ?? new Map())) wakeForAll(watched);
    }
  }

  /** The digest key for a first ledger: a new one, or `null` if the operator gave one. */
  keyOfFirstLedger(): string | null {
    if (this.#settings.digestKey !== null) return null;
    this.#digestKey ??= this.#ports.digest.generateKey();
    return this.#digestKey;
  }

  /**
   * Uses the operator's key from now on, or else the ledger's. With an operator's key, stored digests may still use the
   * ledger's key.
   */
  useKeyOf(ledger: LedgerDocument): void {
    if (this.#settings.digestKey !== null) this.#formerKey ??= ledger.digestKey;
    const key = this.#settings.digestKey ?? ledger.digestKey ?? this.keyOfFirstLedger();
    if (key === this.#digestKey) return;
    const isFirst = this.#digestKey === null;
    this.#digestKey = key;
    this.#digests = new WeakMap();
    if (isFirst) return;
    for (const watched of this.#poller.values()) {
      watched.watch.reset();
      wakeForAll(watched);
    }
  }

  #watchProvider(provider: string): Watched {
    const { clock, random, digest, events } = this.#ports;
    const watch = new ProviderWatcher({
      ...this.#ports,
      provider,
      outages: this.#outages,
      digest: (bytes) => digest.digest(this.#knownDigestKey(), bytes),
      formerDigest: (bytes) => (this.#formerKey === null ? null : digest.digest(this.#formerKey, bytes)),
    });
    let pollDueAtMs = Number.NEGATIVE_INFINITY;
    const loop = new Ticker(clock, random, async (signal, isWoken) => {
      // Between two polls, only refs of hints, and refs that lag or change by a schedule, are read again.
      const { noticed, hinted, isAllDue } = watched;
      const isPoll = isAllDue || (isWoken && hinted.size === 0) || clock.monotonic() >= pollDueAtMs;
      const only = isPoll ? undefined : hinted;
      const isAsked = isPoll || hinted.size > 0;
      watched.hinted = new Set();
      if (isAsked) watched.noticed = null;
      if (isPoll) watched.isAllDue = false;
      try {
        const isNews = await (isAsked ? watch.poll(signal, noticed ?? undefined, only) : watch.readAgain(signal));
        if (isNews) this.#settings.onNews();
      } catch (error) {
        if (!signal.aborted) events.emit({ type: 'reconcile.failed', message: errorMessage(error) });
      }
      const nowMs = clock.monotonic();
      const { failure } = watch;
      const intervalMs = this.#isLeading || failure !== null ? this.#settings.intervalMs : this.#standbyIntervalMs();
      const pauseMs = Math.max(intervalMs, Math.min(failure?.retryAfterMs ?? 0, MAX_PAUSE_MS));
      if (isPoll) pollDueAtMs = nowMs + pauseMs * EARLIEST;
      const againInMs = watch.againInMs ?? Number.POSITIVE_INFINITY;
      return isPoll ? Math.min(pauseMs, againInMs / EARLIEST) : Math.min(pollDueAtMs - nowMs, againInMs) / EARLIEST;
    });
    const watched: Watched = { watch, loop, isAllDue: false, hinted: new Set(), noticed: null };
    return watched;
  }

  #standbyIntervalMs(): number {
    return Math.max(this.#settings.intervalMs, STANDBY_INTERVAL_MS);
  }

  #knownDigestKey(): string {
    if (this.#digestKey === null) throw new Error('the digest key is read from the ledger before anything is compared');
    return this.#digestKey;
  }
}

/** Polls all refs of a provider as soon as possible. */
function wakeForAll(watched: Watched): void {
  watched.isAllDue = true;
  watched.loop.wake();
}

/** Polls what a hint is about as soon as possible. */
function hint(watched: Watched, changed: readonly Pick<SecretRef, 'location'>[] | undefined): void {
  if (changed === undefined) {
    wakeForAll(watched);
    return;
  }
  for (const ref of changed) watched.hinted.add(locationKey(ref));
  if (changed.length > 0) watched.loop.wake();
}
