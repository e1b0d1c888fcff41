/** How a probe of a provider ended; `answered` also where the answer was that there is no such secret. */
export type ProbeOutcome = 'answered' | 'login-refused' | 'unavailable' | 'timeout';
