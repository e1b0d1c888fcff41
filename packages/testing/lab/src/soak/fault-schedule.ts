import type { SeededRandom } from '@vault-swarm/simulation';
import { permissionDenied, sealed, tooManyRequests, type VaultProxy } from '../servers/vault-proxy.ts';
import type { PausableSocket } from './pausable-socket.ts';

/** The faults of a soak. `docker-hang` affects only the engine. With `latency`, Vault still answers in time. */
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

/** One kind of fault. */
export type Fault = (typeof KINDS)[number];

/** How long the circuit breaker may stay open after Vault has recovered: its longest backoff, and a read. */
const RECOVERY_MS = 14_000;
const SHORT_MS = [2_000, 20_000] as const;
/** Long enough that the last good values exceed STALE_IF_ERROR. */
const LONG_MS = [70_000, 90_000] as const;
const LONG_CHANCE = 0.1;
const HEALTHY_MS = [5_000, 30_000] as const;
const LATENCY_MS = 100;

/** Injects one fault after the other between the plugin and Vault or the engine. The seed decides the order. */
export class FaultSchedule {
  readonly #random: SeededRandom;
  readonly #vault: VaultProxy;
  readonly #docker: PausableSocket;
  readonly #spans: { readonly fault: Fault; readonly fromMs: number; untilMs: number }[] = [];

  constructor(random: SeededRandom, vault: VaultProxy, docker: PausableSocket) {
    this.#random = random;
    this.#vault = vault;
    this.#docker = docker;
  }

  /** The current fault. */
  get now(): Fault | 'healthy' {
    const last = this.#spans.at(-1);
    return last !== undefined && last.untilMs === Number.POSITIVE_INFINITY ? last.fault : 'healthy';
  }

  /** The number of faults by kind. */
  get counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { fault } of this.#spans) counts[fault] = (counts[fault] ?? 0) + 1;
    return counts;
  }

  /** Injects faults until the signal, and ends the last one. `pause` resolves after that time, or at the signal. */
  async run(signal: AbortSignal, pause: (ms: number) => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await pause(this.#random.between(...HEALTHY_MS));
      if (signal.aborted) return;
      const fault = this.#random.pick(KINDS);
      const span = { fault, fromMs: performance.now(), untilMs: Number.POSITIVE_INFINITY };
      this.#spans.push(span);
      await this.#start(fault);
      const [min, max] = this.#random.chance(LONG_CHANCE) ? LONG_MS : SHORT_MS;
      await pause(this.#random.between(min, max));
      await this.#end(fault);
      span.untilMs = performance.now();
    }
  }

  /** Whether Vault was healthy for the whole time, and for the recovery time before it. */
  isHealthy(fromMs: number, untilMs: number): boolean {
    return !this.#spans.some(
      (span) =>
        span.fault !== 'latency' &&
        span.fault !== 'docker-hang' &&
        span.fromMs <= untilMs &&
        span.untilMs + RECOVERY_MS >= fromMs,
    );
  }

  async #start(fault: Fault): Promise<void> {
    switch (fault) {
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

  async #end(fault: Fault): Promise<void> {
    if (fault === 'docker-hang') this.#docker.resume();
    else if (fault === 'refused') await this.#vault.accept();
    else if (fault === 'latency') await this.#vault.setLatency(0);
    else await this.#vault.setFaults();
  }
}
