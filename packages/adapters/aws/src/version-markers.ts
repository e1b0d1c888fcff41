import type { Clock } from '@vault-swarm/kernel';
import type { RevisionOrder } from '@vault-swarm/provider';
import { type SecretLocation, secretKey } from './location.ts';

/** What is known of one staging label of one secret. */
interface Seen {
  reported: string;
  reportedAtMs: number;
  /** How often a later read has given another version than was reported. */
  conflicts: number;
  usedAtMs: number;
}

type Stage = Pick<SecretLocation, 'region' | 'secretId' | 'stage'>;

/** What nobody asked about for so long is forgotten. */
const FORGOTTEN_AFTER_MS = 10 * 60_000;
/** The times of so many versions are known; those that were read first go first. */
const MAX_TIMES = 10_000;

/**
 * Makes markers of versions, and orders those that were read by the time at which they were made. AWS's calls do not agree at once after a change: a list may be five minutes behind, and a read
 * may still give the version before. Where a read gives another version than the marker before it was made of, the next
 * marker is another one, so that it is read again until both agree.
 */
export class VersionMarkers implements RevisionOrder {
  readonly #clock: Clock;
  readonly #markers = new Map<string, Seen>();
  /** When AWS made each version that was read, by its id, in milliseconds since 1970. */
  readonly #createdAtMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** AWS made this version then, in milliseconds since 1970. */
  created(versionId: string, createdAtMs: number): void {
    this.#createdAtMs.set(versionId, createdAtMs);
    const oldest = this.#createdAtMs.size > MAX_TIMES ? this.#createdAtMs.keys().next().value : undefined;
    if (oldest !== undefined) this.#createdAtMs.delete(oldest);
  }

  /** Which of two versions AWS made first; not known of those that were not read. */
  compare(a: string, b: string): number | undefined {
    const [first, second] = [this.#createdAtMs.get(a), this.#createdAtMs.get(b)];
    return first === undefined || second === undefined ? undefined : first - second;
  }

  /** A read, started at `begunAtMs` by the monotonic clock, gave this version. */
  read(stage: Stage, versionId: string, startedAtMs: number): void {
    const markers = this.#markers.get(keyOf(stage));
    if (markers !== undefined && startedAtMs >= markers.reportedAtMs && markers.reported !== versionId)
      markers.conflicts += 1;
  }

  /** The marker of a version that AWS reports now; `secret` tells a secret from others of the same name. */
  markerOf(stage: Stage, secret: string, versionId: string): string {
    const nowMs = this.#clock.monotonic();
    const key = keyOf(stage);
    const known = this.#markers.get(key);
    const markers: Seen =
      known?.reported === versionId
        ? known
        : { reported: versionId, reportedAtMs: nowMs, conflicts: 0, usedAtMs: nowMs };
    markers.usedAtMs = nowMs;
    // Again at the end, so that the first is the one that was not used for longest.
    this.#markers.delete(key);
    this.#markers.set(key, markers);
    return JSON.stringify([secret, versionId, markers.conflicts]);
  }

  /** Drops what was not asked about for ten minutes. */
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
