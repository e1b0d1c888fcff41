import type { Clock } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import type { Session } from './auth/session.ts';
import { field } from './http-types.ts';
import type { KvLocation } from './kv.ts';
import { kvPath } from './paths.ts';

/** How often is asked: a policy that no longer lets us read a value is noticed in about this time. */
const CHECK_INTERVAL_MS = 60_000;
/** One request asks about so many paths. */
const PATHS_A_REQUEST = 250;
/** How long a refusal of the question itself is believed. */
const REFUSED_FOR_MS = 600_000;
/** Where the question is refused, every value is read once in so many passes instead. */
const PASSES_A_ROUND = 30;

/**
 * Of which paths of KV v2 only a read can tell whether we still may have their values. Their metadata have rules of their own in a
 * policy, so that they may still say that nothing has changed. Vault is asked what our policy lets us do, about many paths at once
 * and once a minute; it decides nothing: where it says no, the value is read, and that answer counts. What was read before a
 * first minute is over needs no such question.
 */
export class Capabilities {
  readonly #session: Session;
  readonly #clock: Clock;
  /** Paths of the API that we may not read, as of the latest answer. */
  #refused: ReadonlySet<string> = new Set();
  #requestedAtMs: number | undefined;
  #unansweredUntilMs = Number.NEGATIVE_INFINITY;
  /** Where the next round of reads goes on, in the order of the paths. */
  #next = 0;

  constructor(session: Session, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
  }

  /** Those of the places that have to be read in this pass. What can't be found out now is checked in the next one. */
  async unsure(locations: readonly KvLocation[], signal: AbortSignal): Promise<readonly KvLocation[]> {
    const nowMs = this.#clock.monotonic();
    this.#requestedAtMs ??= nowMs;
    if (nowMs >= this.#unansweredUntilMs && nowMs - this.#requestedAtMs >= CHECK_INTERVAL_MS) {
      await this.#ask(locations, signal, nowMs);
    }
    if (nowMs < this.#unansweredUntilMs) return this.#inTurn(locations);
    return locations.filter((location) => this.#refused.has(dataPath(location)));
  }

  async #ask(locations: readonly KvLocation[], signal: AbortSignal, nowMs: number): Promise<void> {
    const refused = new Set<string>();
    try {
      for (let from = 0; from < locations.length; from += PATHS_A_REQUEST) {
        const paths = locations.slice(from, from + PATHS_A_REQUEST).map(dataPath);
        const answer = await this.#session.request({
          operation: 'probe',
          method: 'POST',
          isRepeatable: true,
          path: 'sys/capabilities-self',
          body: { paths },
          signal,
        });
        if (answer.status === 403) this.#unansweredUntilMs = nowMs + REFUSED_FOR_MS;
        if (answer.status !== 200) return;
        const data = field(answer.body, 'data');
        for (const path of paths) if (!mayRead(field(data, path))) refused.add(path);
      }
    } catch (error) {
      // Whether the server is there, the probes of the next pass tell.
      if (error instanceof ProviderError) return;
      throw error;
    }
    this.#refused = refused;
    this.#requestedAtMs = nowMs;
  }

  #inTurn(locations: readonly KvLocation[]): readonly KvLocation[] {
    const count = Math.ceil(locations.length / PASSES_A_ROUND);
    const from = this.#next < locations.length ? this.#next : 0;
    this.#next = from + count;
    return locations.slice(from, from + count);
  }
}

function dataPath(location: KvLocation): string {
  return kvPath(location, 'data').plain;
}

/** By the capabilities that Vault lists; what it does not tell is no doubt. */
function mayRead(capabilities: unknown): boolean {
  if (!Array.isArray(capabilities)) return true;
  return capabilities.includes('read') || capabilities.includes('root');
}
