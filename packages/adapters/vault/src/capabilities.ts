import type { Clock } from '@vault-swarm/kernel';
import { ProviderError } from '@vault-swarm/provider';
import type { Session } from './auth/session.ts';
import { field } from './http-types.ts';
import type { KvLocation } from './kv.ts';
import { kvPath } from './paths.ts';

/** How often capabilities are requested: the plugin notices a lost permission after about this time. */
const CHECK_INTERVAL_MS = 60_000;
/** The number of paths in one request. */
const PATHS_A_REQUEST = 250;
/** How long the request is not repeated after it was denied. */
const REFUSED_FOR_MS = 600_000;
/** If the request is denied, every value is read once in this many polls instead. */
const PASSES_A_ROUND = 30;

/**
 * Finds the KV v2 paths for which only a read shows whether the plugin still has permission. Metadata has separate
 * policy rules and may continue to report "no change". Once a minute, Vault is asked for our capabilities on many
 * paths at once. The result decides nothing: if it denies a path, the value is read and that response counts. Within
 * the first minute after a read, nothing needs to be asked.
 */
export class Capabilities {
  readonly #session: Session;
  readonly #clock: Clock;
  /** API paths that we have no permission to read, by the latest response. */
  #refused: ReadonlySet<string> = new Set();
  #requestedAtMs: number | undefined;
  #unansweredUntilMs = Number.NEGATIVE_INFINITY;
  /** Where the next round of reads continues, in the order of the paths. */
  #next = 0;

  constructor(session: Session, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
  }

  /** The locations that must be read in this poll. What can't be found out now is checked in the next one. */
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
      // The probes of the next poll show whether the server is reachable.
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

/** Whether the capabilities that Vault lists allow reading. Missing information counts as allowed. */
function mayRead(capabilities: unknown): boolean {
  if (!Array.isArray(capabilities)) return true;
  return capabilities.includes('read') || capabilities.includes('root');
}
