/** A value has fewer bytes than this, and at least one: the orchestrator accepts no other. */
export const VALUE_LIMIT_BYTES = 500 * 1024;
