/** The parts of a request for a secret that the choice of its revision needs. */
export interface RevisionRequest {
  readonly serviceId: string | undefined;
  readonly taskId: string | undefined;
  readonly secretName: string;
  /** The key of the ref that the secret's labels name now. */
  readonly refKey: string;
  /**
   * The deadline of the choice, in monotonic milliseconds. It is part of the one budget that a request has for all its
   * waits.
   */
  readonly untilMs: number;
}

/**
 * `current` for nearly all requests. `revision` for a service with an open rollout or with quarantined values. If that
 * revision is not available, `otherwise` decides: the current one is served, or the request is refused.
 */
export type RevisionSelection =
  | { readonly kind: 'current' }
  | { readonly kind: 'revision'; readonly revision: string; readonly otherwise: 'current' | 'refuse' };

/** Chooses which revision of a secret a task gets. It answers at once if it can, always by `untilMs`, and never rejects. */
export interface RevisionSelector {
  choose(request: RevisionRequest): RevisionSelection | Promise<RevisionSelection>;
}
