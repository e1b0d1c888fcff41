/** The two requests that detect a change: the metadata of all versions, or the field names of one version. */
export type Question = 'metadata' | 'subkeys';

interface Known {
  /** Until when each request is not sent, in monotonic milliseconds. */
  readonly refusedUntilMs: Partial<Record<Question, number>>;
  /** The length of the latest metadata of all versions, in characters. */
  documentLength: number;
  usedAtMs: number;
}

/** How long a denied request is not repeated, so that a poll does not cost a denial for each path. */
const REFUSED_FOR_MS = 60_000;
/** If the metadata is longer than this for each requested version, separate requests are cheaper. */
const LONG_DOCUMENT = 8_000;
/** What was not requested for this time is forgotten. */
const FORGOTTEN_AFTER_MS = 600_000;

/** Chooses the requests for each path by the results of earlier polls. Times are monotonic milliseconds. */
export class ProbeStrategy {
  readonly #paths = new Map<string, Known>();

  /** The useful requests for this many versions of a path, best first; none if all are denied. */
  questions(path: string, versions: number, nowMs: number): readonly Question[] {
    const known = this.#use(path, nowMs);
    const best: readonly Question[] =
      known.documentLength > LONG_DOCUMENT * versions ? ['subkeys', 'metadata'] : ['metadata', 'subkeys'];
    return best.filter((question) => nowMs >= (known.refusedUntilMs[question] ?? Number.NEGATIVE_INFINITY));
  }

  /** Records the length of a path's metadata. */
  measured(path: string, documentLength: number, nowMs: number): void {
    this.#use(path, nowMs).documentLength = documentLength;
  }

  /** Records that a request is denied, or not known to the server. */
  refused(path: string, question: Question, nowMs: number): void {
    this.#use(path, nowMs).refusedUntilMs[question] = nowMs + REFUSED_FOR_MS;
  }

  /** Forgets what was not requested for ten minutes. */
  forget(nowMs: number): void {
    for (const [path, { usedAtMs }] of this.#paths) {
      if (nowMs - usedAtMs < FORGOTTEN_AFTER_MS) return;
      this.#paths.delete(path);
    }
  }

  #use(path: string, nowMs: number): Known {
    const known = this.#paths.get(path) ?? { refusedUntilMs: {}, documentLength: 0, usedAtMs: nowMs };
    known.usedAtMs = nowMs;
    // Moved to the end, so that the first entry is the least recently used.
    this.#paths.delete(path);
    this.#paths.set(path, known);
    return known;
  }
}
