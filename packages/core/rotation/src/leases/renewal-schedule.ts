import { backoffMs } from '@vault-swarm/kernel';

/** Something that ends unless it is renewed. Times in monotonic milliseconds. */
interface Renewal {
  everyMs: number;
  dueAtMs: number;
  /** `null` until this process has renewed it once. */
  endsAtMs: number | null;
  failures: number;
}

const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 300_000;
/** Renewals are due between these parts of the time that the last one gave. */
const DUE_FROM = 0.6;
const DUE_SPREAD = 0.1;
/** The leader before renewed everything at 70 % at the latest. A new one renews what it takes over within this part. */
const TAKEOVER = 0.1;
/** After its end it is tried again in each such part of its time. */
const ENDED = 0.1;

/** When leases and holders are renewed: at 60–70 % of their time, and again soon after a failure. Time is an input. */
export class RenewalSchedule {
  readonly #renewals = new Map<string, Renewal>();
  readonly #jitter: () => number;

  /** @param jitter gives a number in [0, 1). */
  constructor(jitter: () => number) {
    this.#jitter = jitter;
  }

  /** Renews exactly these from now on. */
  keep(everyMsById: ReadonlyMap<string, number>, nowMs: number): void {
    for (const id of this.#renewals.keys()) if (!everyMsById.has(id)) this.#renewals.delete(id);
    for (const [id, everyMs] of everyMsById) {
      if (this.#renewals.has(id)) continue;
      const dueAtMs = nowMs + everyMs * TAKEOVER * this.#jitter();
      this.#renewals.set(id, { everyMs, dueAtMs, endsAtMs: null, failures: 0 });
    }
  }

  /** It was created or renewed now, and lives for `lifeMs`. */
  renewed(id: string, lifeMs: number, nowMs: number): void {
    const everyMs = this.#renewals.get(id)?.everyMs ?? lifeMs;
    const dueAtMs = nowMs + lifeMs * (DUE_FROM + DUE_SPREAD * this.#jitter());
    this.#renewals.set(id, { everyMs, dueAtMs, endsAtMs: nowMs + lifeMs, failures: 0 });
  }

  /** The renewal failed. It is tried again after a backoff, several times before the end. */
  failed(id: string, nowMs: number): void {
    const renewal = this.#renewals.get(id);
    if (renewal === undefined) return;
    // What this process never renewed has three tenths of its time left.
    const leftMs = (renewal.endsAtMs ?? nowMs + renewal.everyMs * 0.3) - nowMs;
    // What should have ended lives on if another process that believed it leads has renewed it since.
    const partMs = leftMs <= 0 ? renewal.everyMs * ENDED : leftMs / 4;
    const mostMs = Math.max(RETRY_FIRST_MS, Math.min(RETRY_MAX_MS, partMs));
    renewal.dueAtMs = nowMs + backoffMs(RETRY_FIRST_MS, mostMs, renewal.failures) * (0.5 + this.#jitter() / 2);
    renewal.failures += 1;
  }

  /** It does not exist any more, so it is not renewed again. */
  gone(id: string): void {
    const renewal = this.#renewals.get(id);
    if (renewal !== undefined) renewal.dueAtMs = Number.POSITIVE_INFINITY;
  }

  /** The ids that are due, the most urgent first. */
  due(nowMs: number): readonly string[] {
    return [...this.#renewals]
      .filter(([, { dueAtMs }]) => dueAtMs <= nowMs)
      .toSorted(([, a], [, b]) => a.dueAtMs - b.dueAtMs)
      .map(([id]) => id);
  }

  /** When the next one is due; infinite if there is none. */
  get nextAtMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#renewals.values()].map(({ dueAtMs }) => dueAtMs));
  }

  /** When it ends unless it is renewed; `null` if this process does not know. */
  endsAtMs(id: string): number | null {
    return this.#renewals.get(id)?.endsAtMs ?? null;
  }

  /** How many times in a row its renewal failed. */
  failuresOf(id: string): number {
    return this.#renewals.get(id)?.failures ?? 0;
  }
}
