/** A request for a secret, as far as the choice of its revision depends on it. */
export interface RevisionRequest {
  readonly serviceId: string | undefined;
  readonly taskId: string | undefined;
  readonly secretName: string;
  /** Of the ref that the secret's labels name now. */
  readonly refKey: string;
  /** Until when the choice is waited for, in monotonic milliseconds: part of the one budget that a request has for all its waits. */
  readonly untilMs: number;
}

/**
 * `current` for nearly every request. A named `revision` for a service whose rollout is open or whose newest values
 * were quarantined; where it can't be had, the current one is given all the same or the request is refused, as
 * `otherwise` says.
 */
export type RevisionSelection =
  | { readonly kind: 'current' }
  | { readonly kind: 'revision'; readonly revision: string; readonly otherwise: 'current' | 'refuse' };

/** Which revision of a secret a task is to be given. Must answer at once where it can, by `untilMs` in any case, and never reject. */
export interface RevisionSelector {
  choose(request: RevisionRequest): RevisionSelection | Promise<RevisionSelection>;
}
