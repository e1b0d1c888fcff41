/** How a probe of a provider ended. `answered` includes the answer that there is no such secret. */
export type ProbeOutcome = 'answered' | 'login-refused' | 'unavailable' | 'timeout';
