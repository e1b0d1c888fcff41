import type { Clock } from '@vault-swarm/kernel';
import type { CallOptions } from '@vault-swarm/provider';
import type { Observation } from '../bindings/observation.ts';
import { serialiseLedger } from '../ledger/codec.ts';
import type { Hint, LedgerDocument } from '../ledger/ledger.ts';
import { mayWrite } from '../ledger/stored-ledger.ts';
import type { LedgerStore } from '../ports/orchestrator.ts';

/** A provider is polled at most this often for hints, and a standby writes hints to the ledger at most this often. */
const MIN_INTERVAL_MS = 1_000;

/**
 * A provider may still return the old value when its hint arrives: a replica lags, or the message overtook the write.
 * So the provider is polled once more after this time.
 */
const FOLLOW_UP_MS = 5_000;

/** A hint that could not be passed on for this time is dropped: the leader has polled by then, or runs an earlier version. */
const EXPIRES_AFTER_MS = 5 * 60_000;

/** What hints need. */
export interface HintPorts {
  readonly clock: Clock;
  readonly ledger: LedgerStore;
  /** Names of the configured providers. */
  readonly providers: readonly string[];
  /** Starts a reconcile pass soon. */
  readonly wake: () => void;
}

interface Waiting {
  readonly hint: Hint;
  /** In monotonic milliseconds. */
  readonly sinceMs: number;
  readonly isFollowUp: boolean;
}

/**
 * The hints that wait to be passed on, at most one for each provider. The leader polls for them. A standby writes them
 * to the ledger, where the leader finds them with its next pass.
 */
export class ProviderHints {
  readonly #ports: HintPorts;
  readonly #waiting = new Map<string, Waiting>();
  /** By provider: the hint of the ledger that this process has seen. */
  readonly #seen = new Map<string, string>();
  /** By provider, in monotonic milliseconds. */
  readonly #polledAtMs = new Map<string, number>();
  readonly #timers = new Map<string, () => void>();
  #wroteAtMs = Number.NEGATIVE_INFINITY;
  #wokeAtMs = Number.NEGATIVE_INFINITY;

  constructor(ports: HintPorts) {
    this.#ports = ports;
  }

  /** Takes a hint. The next pass passes it on. */
  receive(provider: string, hook: string): void {
    const { clock, wake } = this.#ports;
    const isFirst = !this.#waiting.has(provider);
    this.#wait(provider, { atMs: clock.now(), hook });
    // One that waits already has a pass or a timer, unless the orchestrator did not answer.
    if (!isFirst && clock.monotonic() - this.#wokeAtMs < MIN_INTERVAL_MS) return;
    this.#wokeAtMs = clock.monotonic();
    wake();
  }

  /** Whether hints wait, so that the next pass should come soon. */
  get isWaiting(): boolean {
    const nowMs = this.#ports.clock.monotonic();
    for (const [provider, { sinceMs }] of this.#waiting) {
      if (nowMs - sinceMs > EXPIRES_AFTER_MS) this.#waiting.delete(provider);
    }
    return this.#waiting.size > 0;
  }

  /** Takes the hints of a ledger. Returns the ledger as this role writes it: the leader removes what it has seen. */
  read({ role }: Pick<Observation, 'role'>, ledger: LedgerDocument): LedgerDocument {
    const hints = Object.entries(ledger.hints);
    if (role !== 'leader' || hints.length === 0) return ledger;
    for (const [provider, hint] of hints) {
      if (!this.#ports.providers.includes(provider)) continue;
      const text = `${hint.atMs} ${hint.hook}`;
      if (this.#seen.get(provider) === text) continue;
      this.#seen.set(provider, text);
      this.#wait(provider, hint);
    }
    return { ...ledger, hints: {} };
  }

  /** The hints for which the leader polls now, by provider. Each provider is returned at most once a second. */
  due(): ReadonlyMap<string, Hint> {
    const nowMs = this.#ports.clock.monotonic();
    const due = new Map<string, Hint>();
    for (const [provider, { hint, isFollowUp }] of this.#waiting) {
      const inMs = (this.#polledAtMs.get(provider) ?? Number.NEGATIVE_INFINITY) + MIN_INTERVAL_MS - nowMs;
      if (inMs > 0) {
        this.#after(`poll ${provider}`, inMs, () => undefined);
        continue;
      }
      this.#waiting.delete(provider);
      this.#polledAtMs.set(provider, nowMs);
      due.set(provider, hint);
      if (!isFollowUp) this.#followUp(provider, hint);
    }
    return due;
  }

  /**
   * Writes the waiting hints of a standby to the ledger, at most once a second.
   * @param ledger as {@link read} returned it.
   * @returns whether a write was tried: the observation is outdated then.
   */
  async write(observed: Observation, ledger: LedgerDocument, { signal }: CallOptions): Promise<boolean> {
    if (this.#waiting.size === 0 || observed.version === null || !mayWrite(observed)) return false;
    const { clock, ledger: store } = this.#ports;
    const inMs = this.#wroteAtMs + MIN_INTERVAL_MS - clock.monotonic();
    if (inMs > 0) {
      this.#after('write', inMs, () => undefined);
      return false;
    }
    const written = new Map(this.#waiting);
    const hints = Object.fromEntries([...written].map(([provider, { hint }]) => [provider, hint]));
    const next = { ...ledger, hints: { ...ledger.hints, ...hints } };
    const outcome = await store.compareAndSet(observed.version, serialiseLedger(next), { signal });
    if (outcome !== 'conflict') this.#wroteAtMs = clock.monotonic();
    if (outcome !== 'applied') return true;
    for (const [provider, waiting] of written) {
      if (this.#waiting.get(provider) === waiting) this.#waiting.delete(provider);
    }
    return true;
  }

  /** Stops the timers. */
  close(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  #followUp(provider: string, hint: Hint): void {
    this.#timers.get(`follow ${provider}`)?.();
    this.#timers.delete(`follow ${provider}`);
    this.#after(`follow ${provider}`, FOLLOW_UP_MS, () => {
      if (!this.#waiting.has(provider)) this.#wait(provider, hint, true);
    });
  }

  #wait(provider: string, hint: Hint, isFollowUp = false): void {
    this.#waiting.set(provider, { hint, sinceMs: this.#ports.clock.monotonic(), isFollowUp });
  }

  /** Starts a pass after this time, once for each name. */
  #after(name: string, delayMs: number, first: () => void): void {
    if (this.#timers.has(name)) return;
    const cancel = this.#ports.clock.after(delayMs, () => {
      this.#timers.delete(name);
      first();
      this.#ports.wake();
    });
    this.#timers.set(name, cancel);
  }
}
