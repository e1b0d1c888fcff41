import { displayMessage } from '@vault-swarm/kernel';

/** Something that is wrong now and that an operator should know of. */
export interface Problem {
  /** A sentence without names of secrets or services, for who is not signed in. */
  readonly summary: string;
  /** The same with names, and with what to do. Never a value. */
  readonly detail: string;
  /** Who does not answer, where that is what it says. */
  readonly unresponsive?: Unresponsive;
}

/** One who was asked and does not answer: what runs the services, or a provider by its name. */
export type Unresponsive = { readonly kind: 'orchestrator' } | { readonly kind: 'provider'; readonly name: string };

/** So many problems are listed, */
const MAX_PROBLEMS = 500;
/** and so many UTF-16 code units of them. */
const MAX_LENGTH = 200_000;

/** Problems, each cut as `displayMessage`, up to a bound in number and length; the last one then says how many more there are. */
export class ProblemList {
  readonly #problems: Problem[] = [];
  #length = 0;
  #more = 0;

  /** Adds a problem. @param detail what follows the summary and a colon. */
  add(summary: string, detail: string, unresponsive?: Unresponsive): void {
    const problem = {
      summary,
      detail: displayMessage(`${summary}: ${detail}`),
      ...(unresponsive === undefined ? {} : { silent: unresponsive }),
    };
    this.#length += problem.detail.length;
    if (this.#problems.length >= MAX_PROBLEMS || this.#length > MAX_LENGTH) this.#more += 1;
    else this.#problems.push(problem);
  }

  /** The list. */
  get problems(): readonly Problem[] {
    if (this.#more === 0) return this.#problems;
    const summary = 'There are more problems than are listed';
    const detail = `${summary}: ${this.#more} more; see the secrets and the services with a problem`;
    return [...this.#problems, { summary, detail }];
  }
}
