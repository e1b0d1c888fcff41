import type { Clock } from '@vault-swarm/kernel';
import type { RevisionOrder } from '@vault-swarm/provider';
import { type SecretLocation, secretKey } from './location.ts';

/** What is known of one staging label of one secret. */
interface Seen {
  reported: string;
  reportedAtMs: number;
  /** How often a later read returned another version than was reported. */
  conflicts: number;
  usedAtMs: number;
}

type Stage = Pick<SecretLocation, 'region' | 'secretId' | 'stage'>;

/** What was not requested for this time is forgotten. */
const FORGOTTEN_AFTER_MS = 10 * 60_000;
/** How many versions' times are remembered; the oldest are evicted first. */
const MAX_TIMES = 10_000;

/**
 * Makes markers of versions, and orders versions by their creation time. After a change, AWS's calls may disagree: a
 * list may be five minutes old, and a read may return the previous version. If a read and the marker disagree, the
 * next marker differs, so that the secret is read again until both agree.
 */
export class VersionMarkers implements RevisionOrder {
  readonly #clock: Clock;
  readonly #markers = new Map<string, Seen>();
  /** When AWS created each version that was read, by its id, in milliseconds since 1970. */
  readonly #createdAtMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Records when AWS created this version, in milliseconds since 1970. */
  created(versionId: string, createdAtMs: number): void {
    this.#createdAtMs.set(versionId, createdAtMs);
    const oldest = this.#createdAtMs.size > MAX_TIMES ? this.#createdAtMs.keys().next().value : undefined;
    if (oldest !== undefined) this.#createdAtMs.delete(oldest);
  }

  /** Which of two versions AWS created first; unknown if one was not read. */
  compare(a: string, b: string): number | undefined {
    const [first, second] = [this.#createdAtMs.get(a), this.#createdAtMs.get(b)];
    return first === undefined || second === undefined ? undefined : first - second;
  }

  /** Records that a read, started at `startedAtMs` by the monotonic clock, returned this version. */
  read(stage: Stage, versionId: string, startedAtMs: number): void {
    const markers = this.#markers.get(keyOf(stage));
    if (markers !== undefined && startedAtMs >= markers.reportedAtMs && markers.reported !== versionId)
      markers.conflicts += 1;
  }

  /** The marker of a version that AWS reports now; `secret` distinguishes secrets of the same name. */
  markerOf(stage: Stage, secret: string, versionId: string): string {
    const nowMs = this.#clock.monotonic();
    const key = keyOf(stage);
    const known = this.#markers.get(key);
    const markers: Seen =
      known?.reported === versionId
        ? known
        : { reported: versionId, reportedAtMs: nowMs, conflicts: 0, usedAtMs: nowMs };
    markers.usedAtMs = nowMs;
    // Moved to the end, so that the first entry is the least recently used.
    this.#markers.delete(key);
    this.#markers.set(key, markers);
    return JSON.stringify([secret, versionId, markers.conflicts]);
  }

  /** Forgets what was not requested for ten minutes. */
  forget(): void {
    const nowMs = this.#clock.monotonic();
    for (const [key, { usedAtMs }] of this.#markers) {
      if (nowMs - usedAtMs < FORGOTTEN_AFTER_MS) return;
      this.#markers.delete(key);
    }
  }
}

function keyOf(stage: Stage): string {
  return `${stage.stage} ${secretKey(stage)}`;
}
