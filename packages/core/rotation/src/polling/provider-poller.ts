import { errorMessage } from '@vault-swarm/kernel';
import { type ProviderError, refKey, type SecretRef, type SecretValue } from '@vault-swarm/provider';
import type { ClusterBindings } from '../bindings/secret-binding.ts';
import type { LedgerDocument } from '../ledger/ledger.ts';
import type { RotationPorts } from '../ports/rotation-ports.ts';
import type { CurrentValue } from '../tasks/task-revision.ts';
import { Ticker } from '../ticker.ts';
import { ProviderWatcher } from './provider-watcher.ts';

interface Watched {
  readonly watch: ProviderWatcher;
  readonly loop: Ticker;
}

/** A loop comes up to a tenth of its time earlier. */
const EARLIEST = 0.9;

/** However long a provider asks us to wait, it is asked again after this time. */
const MAX_PAUSE_MS = 5 * 60_000;

/** A standby polls this often, so that it has the values when it leads. It reacts to nothing sooner than the leader's ledger. */
const STANDBY_INTERVAL_MS = 60_000;

/** What the watches need beside the ports. */
export interface PollSettings {
  readonly intervalMs: number;
  /** Key of the digests; `null` where the ledger has it. */
  readonly digestKey: string | null;
  /** The operator's key before, while it is being replaced. */
  readonly formerDigestKey: string | null;
  /** Called when more is known of a value. */
  readonly onNews: () => void;
}

/** One watch and one loop for each provider: one that hangs holds up no other. */
export class ProviderPoller {
  readonly #ports: RotationPorts;
  readonly #settings: PollSettings;
  readonly #poller: ReadonlyMap<string, Watched>;
  readonly #unsubscribe: (() => void)[] = [];
  #isLeading = true;
  /** By ref key, of the refs that are in use now. */
  #polledOf: ReadonlyMap<string, Watched> = new Map();
  #digestKey: string | null;
  /** Under that key. */
  #digests = new WeakMap<SecretValue, string>();
  /** Of the digests that may be in the ledger beside those under the other key. */
  #formerKey: string | null;

  constructor(ports: RotationPorts, settings: PollSettings) {
    this.#ports = ports;
    this.#settings = settings;
    this.#digestKey = settings.digestKey;
    this.#formerKey = settings.formerDigestKey;
    this.#poller = new Map(ports.providers.map((provider) => [provider, this.#watchProvider(provider)]));
  }

  /** Follows the providers' hints. The loops start with the first refs. */
  start(): void {
    for (const [name, { loop }] of this.#poller) {
      // A provider that never gets ready gives no hints; its loop tells why.
      this.#ports.findProvider(name).then(
        ({ hints }) => {
          if (hints !== null) this.#unsubscribe.push(hints.onHint(() => loop.wake()));
        },
        () => undefined,
      );
    }
  }

  /** Ends all loops; resolves when nothing is in progress any more. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await Promise.all([...this.#poller.values()].map(({ loop }) => loop.stop()));
  }

  /**
   * From now on polls as the leader does, or as a standby: once a minute while the provider answers, and if the ledger names a value
   * that was not found here. Who starts to lead polls at once.
   */
  lead(isLeading: boolean): void {
    if (isLeading === this.#isLeading) return;
    this.#isLeading = isLeading;
    if (isLeading) for (const { loop } of this.#poller.values()) loop.wake();
  }

  /** The watch of a provider. */
  of(provider: string): ProviderWatcher | undefined {
    return this.#poller.get(provider)?.watch;
  }

  /** Lets a provider be checked as soon as possible. */
  wake(provider: string): void {
    this.#poller.get(provider)?.loop.wake();
  }

  /** Lets the provider of a ref be checked as soon as possible. */
  wakeFor(key: string): void {
    this.#polledOf.get(key)?.loop.wake();
  }

  /** Checks all providers now; resolves when each has been checked. */
  async poll(): Promise<void> {
    await Promise.all([...this.#poller.values()].map(({ loop }) => loop.next()));
  }

  /** The current value of a ref, its revision tagged, as of the latest poll. */
  current(key: string): CurrentValue | undefined {
    return this.#polledOf.get(key)?.watch.taggedCurrent(key);
  }

  /** Why the provider gives no value of a ref; `undefined` if it gives one, or does not answer. */
  refusal(key: string): ProviderError | undefined {
    const error = this.#polledOf.get(key)?.watch.error(key);
    return error?.retryable === false ? error : undefined;
  }

  /** Whether the current value of a ref may not be what its provider has: see {@link ProviderWatcher.isUncertain}. */
  isUncertain(key: string): boolean {
    return this.#polledOf.get(key)?.watch.isUncertain(key) ?? false;
  }

  /** When the latest poll started that found the current value, in monotonic milliseconds. */
  confirmedAtMs(key: string): number {
    return this.#polledOf.get(key)?.watch.confirmedAtMs(key) ?? Number.NEGATIVE_INFINITY;
  }

  /** The digest of one of the latest revisions; `null` where it was not read. */
  digestOf(key: string, revision: string): string | null {
    return this.#polledOf.get(key)?.watch.digestOf(key, revision) ?? null;
  }

  /** The digest of a value; `null` while the key is not known. It is made once for each value object: a storm asks for it for each task. */
  digest(value: SecretValue): string | null {
    if (this.#digestKey === null) return null;
    const known = this.#digests.get(value);
    if (known !== undefined) return known;
    const digest = this.#ports.digest.digest(this.#digestKey, value.reveal());
    this.#digests.set(value, digest);
    return digest;
  }

  /** From now on watches exactly the refs that are in use. */
  watch(bindings: ClusterBindings): void {
    const refs = new Map<string, Map<string, SecretRef>>();
    const polledOf = new Map<string, Watched>();
    for (const { bindings: list } of bindings.services) {
      for (const { ref } of list) {
        if (ref.pin !== undefined) continue;
        const key = refKey(ref);
        const ofProvider = refs.get(ref.provider) ?? new Map<string, SecretRef>();
        refs.set(ref.provider, ofProvider.set(key, ref));
        const watched = this.#poller.get(ref.provider);
        if (watched !== undefined) polledOf.set(key, watched);
      }
    }
    this.#polledOf = polledOf;
    for (const [name, { watch, loop }] of this.#poller) {
      if (watch.setRefs(refs.get(name) ?? new Map())) loop.wake();
    }
  }

  /** The key that a first ledger has: one made now, where the operator gave none. */
  keyOfFirstLedger(): string | null {
    if (this.#settings.digestKey !== null) return null;
    this.#digestKey ??= this.#ports.digest.generateKey();
    return this.#digestKey;
  }

  /** From now on digests are made with the ledger's key, or the operator's; then those in the ledger may be under its own. */
  useKeyOf(ledger: LedgerDocument): void {
    if (this.#settings.digestKey !== null) this.#formerKey ??= ledger.digestKey;
    const key = this.#settings.digestKey ?? ledger.digestKey ?? this.keyOfFirstLedger();
    if (key === this.#digestKey) return;
    const isFirst = this.#digestKey === null;
    this.#digestKey = key;
    this.#digests = new WeakMap();
    if (isFirst) return;
    for (const { watch, loop } of this.#poller.values()) {
      watch.reset();
      loop.wake();
    }
  }

  #watchProvider(provider: string): Watched {
    const { clock, random, digest, events } = this.#ports;
    const watch = new ProviderWatcher({
      ...this.#ports,
      provider,
      digest: (bytes) => digest.digest(this.#knownDigestKey(), bytes),
      formerDigest: (bytes) => (this.#formerKey === null ? null : digest.digest(this.#formerKey, bytes)),
    });
    let pollDueAtMs = Number.NEGATIVE_INFINITY;
    const loop = new Ticker(clock, random, async (signal, isWoken) => {
      // Between two looks only what lags is read again.
      const isPoll = isWoken || clock.monotonic() >= pollDueAtMs;
      try {
        if (await (isPoll ? watch.poll(signal) : watch.readAgain(signal))) this.#settings.onNews();
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
    return { watch, loop };
  }

  #standbyIntervalMs(): number {
    return Math.max(this.#settings.intervalMs, STANDBY_INTERVAL_MS);
  }

  #knownDigestKey(): string {
    if (this.#digestKey === null) throw new Error('the digest key is read from the ledger before anything is compared');
    return this.#digestKey;
  }
}
