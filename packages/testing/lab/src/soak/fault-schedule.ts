import type { SeededRandom } from '@vault-swarm/simulation';
import { permissionDenied, sealed, tooManyRequests, type VaultProxy } from '../servers/vault-proxy.ts';
import type { PausableSocket } from './pausable-socket.ts';

/** What comes and goes in a soak. `docker-hang` is the engine's trouble; of the others, `latency` is none at all. */
const KINDS = [
  'hang',
  'sealed',
  'forbidden',
  'no-login',
  'too-many',
  'cut',
  'refused',
  'latency',
  'docker-hang',
] as const;

/** One kind of trouble. */
export type Trouble = (typeof KINDS)[number];

/** How long Vault may still be left alone when it is back: the breaker's longest pause, and a read. */
const RECOVERY_MS = 14_000;
const SHORT_MS = [2_000, 20_000] as const;
/** Long enough that the last good values get too old to be given. */
const LONG_MS = [70_000, 90_000] as const;
const LONG_CHANCE = 0.1;
const FAIR_MS = [5_000, 30_000] as const;
const LATENCY_MS = 100;

/** Trouble between the plugin and what it asks, one after the other as the seed says, with fair weather in between. */
export class FaultSchedule {
  readonly #random: SeededRandom;
  readonly #vault: VaultProxy;
  readonly #docker: PausableSocket;
  readonly #spans: { readonly trouble: Trouble; readonly fromMs: number; untilMs: number }[] = [];

  constructor(random: SeededRandom, vault: VaultProxy, docker: PausableSocket) {
    this.#random = random;
    this.#vault = vault;
    this.#docker = docker;
  }

  /** What is the matter now. */
  get now(): Trouble | 'fair' {
    const last = this.#spans.at(-1);
    return last !== undefined && last.untilMs === Number.POSITIVE_INFINITY ? last.trouble : 'fair';
  }

  /** How often there was which trouble. */
  get counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { trouble } of this.#spans) counts[trouble] = (counts[trouble] ?? 0) + 1;
    return counts;
  }

  /** Goes on until the signal, and leaves fair weather behind. `pause` resolves after that time, or at the signal. */
  async run(signal: AbortSignal, pause: (ms: number) => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await pause(this.#random.between(...FAIR_MS));
      if (signal.aborted) return;
      const trouble = this.#random.pick(KINDS);
      const span = { trouble, fromMs: performance.now(), untilMs: Number.POSITIVE_INFINITY };
      this.#spans.push(span);
      await this.#start(trouble);
      const [least, most] = this.#random.chance(LONG_CHANCE) ? LONG_MS : SHORT_MS;
      await pause(this.#random.between(least, most));
      await this.#end(trouble);
      span.untilMs = performance.now();
    }
  }

  /** Whether Vault could be asked all that time, and for as long before that the plugin knew it. */
  isFair(fromMs: number, untilMs: number): boolean {
    return !this.#spans.some(
      (span) =>
        span.trouble !== 'latency' &&
        span.trouble !== 'docker-hang' &&
        span.fromMs <= untilMs &&
        span.untilMs + RECOVERY_MS >= fromMs,
    );
  }

  async #start(trouble: Trouble): Promise<void> {
    switch (trouble) {
      case 'hang':
        return this.#vault.setFaults({ kind: 'hang' });
      case 'sealed':
        return this.#vault.setFaults(sealed);
      case 'forbidden':
        return this.#vault.setFaults({ ...permissionDenied, match: { path: /^secret\/data\// } });
      case 'no-login':
        return this.#vault.setFaults(permissionDenied);
      case 'too-many':
        return this.#vault.setFaults(tooManyRequests(1));
      case 'cut':
        return this.#vault.setFaults({ kind: 'cut' });
      case 'refused':
        return this.#vault.refuse();
      case 'latency':
        return this.#vault.setLatency(LATENCY_MS);
      case 'docker-hang':
        this.#docker.pause();
    }
  }

  async #end(trouble: Trouble): Promise<void> {
    if (trouble === 'docker-hang') this.#docker.resume();
    else if (trouble === 'refused') await this.#vault.accept();
    else if (trouble === 'latency') await this.#vault.setLatency(0);
    else await this.#vault.setFaults();
  }
}
