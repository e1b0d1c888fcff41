/** The two questions that tell a change: the document about all versions, or the names of one version's fields. */
export type Question = 'metadata' | 'subkeys';

interface Known {
  /** Until when each question is not asked, in monotonic milliseconds. */
  readonly refusedUntilMs: Partial<Record<Question, number>>;
  /** Of the latest document about all versions, in characters. */
  documentLength: number;
  usedAtMs: number;
}

/** How long a refusal is taken for true, so that a pass does not cost a refusal for each path. */
const REFUSED_FOR_MS = 60_000;
/** A document longer than this for each version that is wanted costs more than asking for these versions. */
const LONG_DOCUMENT = 8_000;
/** What was not asked about for so long is forgotten. */
const FORGOTTEN_AFTER_MS = 600_000;

/** What earlier passes have shown about how each path is best asked about. Times are monotonic milliseconds. */
export class ProbeStrategy {
  readonly #paths = new Map<string, Known>();

  /** The questions worth asking for so many versions of a path, the best first; none where all are refused. */
  questions(path: string, versions: number, nowMs: number): readonly Question[] {
    const known = this.#use(path, nowMs);
    const best: readonly Question[] =
      known.documentLength > LONG_DOCUMENT * versions ? ['subkeys', 'metadata'] : ['metadata', 'subkeys'];
    return best.filter((question) => nowMs >= (known.refusedUntilMs[question] ?? Number.NEGATIVE_INFINITY));
  }

  /** Notes how long the document of a path was. */
  measured(path: string, documentLength: number, nowMs: number): void {
    this.#use(path, nowMs).documentLength = documentLength;
  }

  /** Notes that a question is refused, or not known to the server. */
  refused(path: string, question: Question, nowMs: number): void {
    this.#use(path, nowMs).refusedUntilMs[question] = nowMs + REFUSED_FOR_MS;
  }

  /** Drops what was not asked about for ten minutes. */
  forget(nowMs: number): void {
    for (const [path, { usedAtMs }] of this.#paths) {
      if (nowMs - usedAtMs < FORGOTTEN_AFTER_MS) return;
      this.#paths.delete(path);
    }
  }

  #use(path: string, nowMs: number): Known {
    const known = this.#paths.get(path) ?? { refusedUntilMs: {}, documentLength: 0, usedAtMs: nowMs };
    known.usedAtMs = nowMs;
    // Again at the end, so that the first is the one that was not used for longest.
    this.#paths.delete(path);
    this.#paths.set(path, known);
    return known;
  }
}
