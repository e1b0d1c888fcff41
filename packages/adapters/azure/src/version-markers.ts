import { BoundedMap, type Clock } from '@vault-swarm/kernel';
import type { Attributes } from './attributes.ts';

/** What is known of the current version of one secret. */
interface Seen {
  readonly stamp: string;
  readonly reportedAtMs: number;
  /** The version that was read under this stamp. */
  version: string | undefined;
  /** Whether later versions certainly have another stamp. */
  isSettled: boolean;
  /** How often a read did not fit what was known. */
  conflicts: number;
}

/** One observation of a current version. */
export interface Observation {
  readonly attributes: Attributes;
  /** The server's time at the response, in milliseconds since 1970. */
  readonly serverTimeMs: number;
}

/** Azure's times are whole seconds, and its servers' clocks may differ by this much. */
const SETTLED_AFTER_MS = 5_000;
/** A key vault may have more secrets; the least recently listed are learned again. */
const MAX_SECRETS = 10_000;

/**
 * Makes markers of what a list says about current versions. A list has no version ids, only times in whole seconds. So
 * a secret that changed within the last seconds is read to learn its version, until another change would have another
 * time. If a read does not fit the list, the next marker differs, so that the secret is read again until both agree.
 */
export class VersionMarkers {
  readonly #clock: Clock;
  readonly #seen = new BoundedMap<Seen>({ maxEntries: MAX_SECRETS });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records what a list says. Returns whether the secret must be read to learn its version. */
  listed(name: string, observation: Observation): boolean {
    const stamp = stampOf(observation.attributes);
    const known = this.#seen.get(name);
    const isSame = known?.stamp === stamp;
    const seen: Seen = isSame
      ? known
      : {
          stamp,
          reportedAtMs: this.#clock.monotonic(),
          version: undefined,
          isSettled: isSettled(observation),
          conflicts: known?.conflicts ?? 0,
        };
    this.#seen.set(name, seen);
    return !seen.isSettled;
  }

  /** Records which current version a read returned that started at `startedAtMs` by the monotonic clock. */
  read(name: string, version: string, observation: Observation, startedAtMs: number): void {
    const seen = this.#seen.get(name);
    if (seen === undefined || startedAtMs < seen.reportedAtMs) return;
    const isSame = seen.stamp === stampOf(observation.attributes);
    if (!isSame || (seen.version !== undefined && seen.version !== version)) seen.conflicts += 1;
    if (!isSame) return;
    seen.version = version;
    seen.isSettled ||= isSettled(observation);
  }

  /** The marker of what was listed last. */
  markerOf(name: string): string {
    const seen = this.#seen.get(name);
    return seen === undefined ? '' : JSON.stringify([seen.stamp, seen.conflicts]);
  }
}

/** Everything that changes with the current version, and what decides whether its value can be delivered. */
function stampOf({ createdAtMs, updatedAtMs, isEnabled, validFromMs, expiresAtMs }: Attributes): string {
  return JSON.stringify([createdAtMs, updatedAtMs, isEnabled, validFromMs, expiresAtMs]);
}

function isSettled({ attributes: { updatedAtMs }, serverTimeMs }: Observation): boolean {
  return updatedAtMs !== undefined && serverTimeMs - updatedAtMs > SETTLED_AFTER_MS;
}
