import { BoundedMap, type Clock } from '@vault-swarm/kernel';
import type { VersionState } from './client.ts';
import { locationKey, type SecretLocation } from './location.ts';

interface Reported {
  readonly state: VersionState;
  readonly reportedAtMs: number;
  /** How often a later read returned another version than was reported. */
  conflicts: number;
}

/** A project may have more; the least recently probed are learned again. */
const MAX_SECRETS = 10_000;

/**
 * Makes markers of versions. Which version is the latest may be reported some time after a change. If a read does not
 * fit what was reported, the next marker differs, so that the secret is read again until both agree.
 */
export class ReportedVersions {
  readonly #clock: Clock;
  readonly #reported = new BoundedMap<Reported>({ maxEntries: MAX_SECRETS });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records which version a location means now. Returns its marker. */
  markerOf(location: SecretLocation, state: VersionState): string {
    const key = locationKey(location);
    const known = this.#reported.get(key);
    const isSame = known?.state.number === state.number && known.state.createdAt === state.createdAt;
    const reported = {
      state,
      reportedAtMs: isSame ? known.reportedAtMs : this.#clock.monotonic(),
      conflicts: isSame ? known.conflicts : 0,
    };
    this.#reported.set(key, reported);
    return JSON.stringify([state.number, state.createdAt, state.state, reported.conflicts]);
  }

  /** Records that a read, started at `startedAtMs` by the monotonic clock, returned this version. */
  read(location: SecretLocation, number: string, startedAtMs: number): void {
    const reported = this.#reported.get(locationKey(location));
    if (reported === undefined || startedAtMs < reported.reportedAtMs) return;
    if (reported.state.number !== number) reported.conflicts += 1;
  }
}
