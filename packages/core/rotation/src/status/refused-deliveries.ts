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
  readonly #latest = new Map<string, RefusedDelivery & { readonly atMs: number }>();

  /** @param atMs since 1970. */
  refused(refusal: RefusedDelivery, atMs: number): void {
    this.#latest.set(refusal.secret, { ...refusal, atMs });
  }

  /** A task got the secret. */
  delivered(secret: string): void {
    this.#latest.delete(secret);
  }

  /** Forgets all secrets but these. */
  keep(secrets: ReadonlySet<string>): void {
    for (const name of this.#latest.keys()) if (!secrets.has(name)) this.#latest.delete(name);
  }

  /** @param nowMs since 1970. */
  of(secret: string, nowMs: number): RefusedDelivery | null {
    const latest = this.#latest.get(secret);
    return latest !== undefined && nowMs - latest.atMs < RECENT_MS ? latest : null;
  }
}
