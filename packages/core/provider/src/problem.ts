/** Something that is wrong now and that an operator should know of. */
export interface Problem {
  /** A sentence without names of secrets or services, for who is not signed in. */
  readonly summary: string;
  /** The same with names, and with what to do. Never a value. */
  readonly detail: string;
}
