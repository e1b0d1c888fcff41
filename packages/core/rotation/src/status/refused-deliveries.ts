import { BoundedMap, type Clock } from '@vault-swarm/kernel';
import type { ProviderErrorCode } from '@vault-swarm/provider';

/** A request for a secret that got no value. */
export interface RefusedDelivery {
  readonly secret: string;
  /** The service of the task that requested it; `undefined` if that is not known. */
  readonly service: string | undefined;
  readonly code: ProviderErrorCode | 'DEADLINE' | 'POLICY_DENIED';
  /** Why, and what to change; without a value. */
  readonly message: string;
}

/** The orchestrator requests a secret again every few seconds while a task needs it. An older failure may be over. */
const RECENT_MS = 60_000;
/** The most services of one secret whose failures are kept. */
const MAX_SERVICES = 1_000;

/**
 * The latest failed delivery of each secret to each service, until the secret is delivered. It explains what polls can't
 * see: a pinned version that does not exist is not polled, a slow provider answers a poll, but not a request, and a last
 * good value may be lost for one service.
 */
export class RefusedDeliveries {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By secret, then by service. With monotonic times: a clock that is set back must not keep a problem for that long. */
  readonly #latest = new Map<string, BoundedMap<RefusedDelivery & { readonly atMs: number }>>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** A request for the secret got no value. */
  refused(refusal: RefusedDelivery): void {
    const ofSecret = this.#latest.get(refusal.secret) ?? new BoundedMap({ maxEntries: MAX_SERVICES });
    this.#latest.set(refusal.secret, ofSecret);
    ofSecret.set(refusal.service ?? '', { ...refusal, atMs: this.#clock.monotonic() });
  }

  /** A task got the secret. */
  delivered(secret: string): void {
    this.#latest.delete(secret);
  }

  /** Forgets all secrets but these. */
  keep(secrets: ReadonlySet<string>): void {
    for (const name of this.#latest.keys()) if (!secrets.has(name)) this.#latest.delete(name);
  }

  /** The latest failed delivery of a secret: to this service, or by default to any; `null` if it is over. */
  of(secret: string, service?: string): RefusedDelivery | null {
    const ofSecret = this.#latest.get(secret);
    if (ofSecret === undefined) return null;
    const known = service === undefined ? [...ofSecret.values()] : [ofSecret.get(service), ofSecret.get('')];
    const recent = known.filter((one) => one !== undefined && this.#clock.monotonic() - one.atMs < RECENT_MS);
    return recent.toSorted((a, b) => (b?.atMs ?? 0) - (a?.atMs ?? 0))[0] ?? null;
  }
}
