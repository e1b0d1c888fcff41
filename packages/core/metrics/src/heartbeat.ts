import type { Clock } from '@vault-swarm/kernel';
import type { ProductEvent } from '@vault-swarm/provider';

/** After so many intervals without a beat the ticker counts as stopped. */
const MISSED_INTERVALS = 3;

/**
 * Whether the rotation's passes go on. A pass beats when it ended and Docker answered in it. Ages are measured by the
 * monotonic clock, so that a wall clock that is set does not make a healthy plugin look dead, or a dead one healthy.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #enabled: boolean;
  #last: { readonly wallMs: number; readonly monotonicMs: number } | null = null;
  readonly #startedMonotonicMs: number;

  /** @param enabled false where nothing is ever rotated: then there is no beat, and nothing wrong with that. */
  constructor(clock: Clock, settings: { readonly intervalMs: number; readonly enabled: boolean }) {
    this.#clock = clock;
    this.#intervalMs = settings.intervalMs;
    this.#enabled = settings.enabled;
    this.#startedMonotonicMs = clock.monotonic();
  }

  /** Beats where `event` is a pass that ended and in which Docker answered. */
  observe(event: ProductEvent): void {
    if (event.type === 'reconcile.completed' && event.orchestratorAnswered) this.beat();
  }

  /** A pass ended well, now. */
  beat(): void {
    this.#last = { wallMs: this.#clock.now(), monotonicMs: this.#clock.monotonic() };
  }

  /** The wall clock at the last beat, in milliseconds since 1970; `null` before the first, and where nothing rotates. */
  get lastAtMs(): number | null {
    return this.#enabled ? (this.#last?.wallMs ?? null) : null;
  }

  /** False when the last beat (before the first: the start) is longer ago than three intervals. */
  get tickerHealthy(): boolean {
    if (!this.#enabled) return true;
    const ageMs = this.#clock.monotonic() - (this.#last?.monotonicMs ?? this.#startedMonotonicMs);
    return ageMs <= MISSED_INTERVALS * this.#intervalMs;
  }
}
