import type { Clock } from '@vault-swarm/provider';
import { type SecretPlace, secretKey } from './place.ts';

/** What is known of one staging label of one secret. */
interface Seen {
  reported: string;
  reportedAtMs: number;
  /** How often a later read has given another version than was reported. */
  doubts: number;
  usedAtMs: number;
}

type Stage = Pick<SecretPlace, 'region' | 'secretId' | 'stage'>;

/** What nobody asked about for so long is forgotten. */
const FORGOTTEN_AFTER_MS = 10 * 60_000;

/**
 * Makes markers of versions. AWS's calls do not agree at once after a change: a list may be five minutes behind, and a read
 * may still give the version before. Where a read gives another version than the marker before it was made of, the next
 * marker is another one, so that it is read again until both agree.
 */
export class SeenVersions {
  readonly #clock: Clock;
  readonly #seen = new Map<string, Seen>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A read, begun at `begunAtMs` by the monotonic clock, gave this version. */
  read(stage: Stage, versionId: string, begunAtMs: number): void {
    const seen = this.#seen.get(keyOf(stage));
    if (seen !== undefined && begunAtMs >= seen.reportedAtMs && seen.reported !== versionId) seen.doubts += 1;
  }

  /** The marker of a version that AWS reports now; `secret` tells a secret from others of the same name. */
  markerOf(stage: Stage, secret: string, versionId: string): string {
    const nowMs = this.#clock.monotonic();
    const key = keyOf(stage);
    const known = this.#seen.get(key);
    const seen: Seen =
      known?.reported === versionId ? known : { reported: versionId, reportedAtMs: nowMs, doubts: 0, usedAtMs: nowMs };
    seen.usedAtMs = nowMs;
    // Anew at the end, so that the first is the one that was not used for longest.
    this.#seen.delete(key);
    this.#seen.set(key, seen);
    return JSON.stringify([secret, versionId, seen.doubts]);
  }

  /** Drops what was not asked about for ten minutes. */
  forget(): void {
    const nowMs = this.#clock.monotonic();
    for (const [key, { usedAtMs }] of this.#seen) {
      if (nowMs - usedAtMs < FORGOTTEN_AFTER_MS) return;
      this.#seen.delete(key);
    }
  }
}

function keyOf(stage: Stage): string {
  return `${stage.stage} ${secretKey(stage)}`;
}
