/** The orchestrator's name for users. */
export const displayName = 'Docker';
