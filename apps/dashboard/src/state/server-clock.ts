import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { Overview } from '@vault-swarm/http/api';

const TICK_MS = 1000;

/**
 * The plugin's clock: ages are computed with it, because the operator's clock may differ. Between overviews it
 * continues with a monotonic clock of the browser.
 */
export class ServerClock {
  readonly #monotonic: () => number;
  readonly #tick;
  #heard: { readonly serverMs: number; readonly atMs: number } | null = null;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
    this.#tick = signal(monotonic());
  }

  /** Starts to tick once a second; returns a function that stops it. */
  start(): () => void {
    const timer = setInterval(() => this.tick(), TICK_MS);
    return () => clearInterval(timer);
  }

  /** Computes everything that depends on the time again. */
  tick(): void {
    this.#tick.value = this.#monotonic();
  }

  /** Call it when an overview arrives. */
  hear({ plugin }: Pick<Overview, 'plugin'>): void {
    const serverMs = Date.parse(plugin.started_at) + plugin.uptime_seconds * 1000;
    this.#heard = { serverMs, atMs: this.#monotonic() };
    this.tick();
  }

  /** The age of the latest overview in milliseconds; `null` before the first. */
  readonly dataAgeMs: ReadonlySignal<number | null> = computed(() => {
    const now = this.#tick.value;
    return this.#heard === null ? null : Math.max(0, now - this.#heard.atMs);
  });

  /** The plugin's time, in milliseconds since 1970; the browser's before the first overview. */
  readonly nowMs: ReadonlySignal<number> = computed(() => {
    const now = this.#tick.value;
    return this.#heard === null ? Date.now() : this.#heard.serverMs + (now - this.#heard.atMs);
  });

  /** The time until a moment of the browser's own clock, in milliseconds, at least 0. */
  untilMs(atMs: number): number {
    return Math.max(0, atMs - this.#tick.value);
  }
}
