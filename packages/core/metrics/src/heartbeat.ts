import type { Clock } from '@vault-swarm/kernel';
import type { ProductEvent } from '@vault-swarm/provider';

/** The ticker counts as stopped after this many intervals without a beat. */
const MISSED_INTERVALS = 3;

/**
 * Monitors whether reconcile passes complete. A beat is a pass that ended and in which the orchestrator answered. Ages use the
 * monotonic clock. So a change of the wall clock makes neither a healthy plugin look dead nor a dead one healthy.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #enabled: boolean;
  #last: { readonly wallMs: number; readonly monotonicMs: number } | null = null;
  readonly #startedMonotonicMs: number;

  /** @param enabled false if rotation is disabled. Then there is no beat, and the ticker counts as healthy. */
  constructor(clock: Clock, settings: { readonly intervalMs: number; readonly enabled: boolean }) {
    this.#clock = clock;
    this.#intervalMs = settings.intervalMs;
    this.#enabled = settings.enabled;
    this.#startedMonotonicMs = clock.monotonic();
  }

  /** Records a beat if `event` is a pass that ended and in which the orchestrator answered. */
  observe(event: ProductEvent): void {
    if (event.type === 'reconcile.completed' && event.orchestratorAnswered) this.beat();
  }

  /** Records a beat now. */
  beat(): void {
    this.#last = { wallMs: this.#clock.now(), monotonicMs: this.#clock.monotonic() };
  }

  /** The time of the last beat, in milliseconds since 1970; `null` before the first one, and if rotation is disabled. */
  get lastAtMs(): number | null {
    return this.#enabled ? (this.#last?.wallMs ?? null) : null;
  }

  /** False if the last beat was more than three intervals ago. Before the first beat, the start counts. */
  get tickerHealthy(): boolean {
    if (!this.#enabled) return true;
    const ageMs = this.#clock.monotonic() - (this.#last?.monotonicMs ?? this.#startedMonotonicMs);
    return ageMs <= MISSED_INTERVALS * this.#intervalMs;
  }
}
