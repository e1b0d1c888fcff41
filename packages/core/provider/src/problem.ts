/** Something that is wrong now and that an operator should know of. */
export interface Problem {
  /** A sentence without names of secrets or services, for who is not signed in. */
  readonly summary: string;
  /** The same with names, and with what to do. Never a value. */
  readonly detail: string;
  /** Who does not answer, where that is what it says. */
  readonly silent?: Silent;
}

/** One who was asked and does not answer: what runs the services, or a provider by its name. */
export type Silent = { readonly kind: 'orchestrator' } | { readonly kind: 'provider'; readonly name: string };
