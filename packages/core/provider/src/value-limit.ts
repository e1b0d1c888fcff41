/** A value must have at least one byte and fewer bytes than this. The orchestrator accepts no other size. */
export const VALUE_LIMIT_BYTES = 500 * 1024;
