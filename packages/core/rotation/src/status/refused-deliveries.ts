import type { Clock } from '@vault-swarm/kernel';
import type { ProviderErrorCode } from '@vault-swarm/provider';

/** A request for a secret that got no value. */
export interface RefusedDelivery {
  readonly secret: string;
  readonly code: ProviderErrorCode | 'DEADLINE' | 'POLICY_DENIED';
  /** Why, and what to change; without a value. */
  readonly message: string;
}

/** The orchestrator requests a secret again every few seconds while a task needs it. An older failure may be over. */
const RECENT_MS = 60_000;

/**
 * The latest failed delivery of each secret, until it is delivered. It explains what polls can't see: a pinned version
 * that does not exist is not polled, and a slow provider answers a poll, but not a request.
 */
export class RefusedDeliveries {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** With monotonic times, since a clock that is set back must not keep a problem for that long. */
  readonly #latest = new Map<string, RefusedDelivery & { readonly atMs: number }>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** A request for the secret got no value. */
  refused(refusal: RefusedDelivery): void {
    this.#latest.set(refusal.secret, { ...refusal, atMs: this.#clock.monotonic() });
  }

  /** A task got the secret. */
  delivered(secret: string): void {
    this.#latest.delete(secret);
  }

  /** Forgets all secrets but these. */
  keep(secrets: ReadonlySet<string>): void {
    for (const name of this.#latest.keys()) if (!secrets.has(name)) this.#latest.delete(name);
  }

  /** The latest failed delivery of a secret; `null` if it is over. */
  of(secret: string): RefusedDelivery | null {
    const latest = this.#latest.get(secret);
    return latest !== undefined && this.#clock.monotonic() - latest.atMs < RECENT_MS ? latest : null;
  }
}
