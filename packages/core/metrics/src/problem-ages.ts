import type { Problem } from '@vault-swarm/provider';

/** A problem, and when it was first seen (milliseconds since 1970). */
export interface DatedProblem extends Problem {
  readonly sinceMs: number;
}

/** Remembers since when each problem exists. Its identity is its code and its subject, not its text. */
export class ProblemAges {
  #since: ReadonlyMap<string, number> = new Map();

  /** The problems with their ages. One that is missing is over, and is new if it comes again. @param nowMs since 1970. */
  date(problems: readonly Problem[], nowMs: number): readonly DatedProblem[] {
    const since = new Map<string, number>();
    const dated = problems.map((problem) => {
      const identity = `${problem.code} ${problem.subject}`;
      const sinceMs = this.#since.get(identity) ?? nowMs;
      since.set(identity, sinceMs);
      return { ...problem, sinceMs };
    });
    this.#since = since;
    return dated;
  }
}
