import type { Run } from './run.ts';

/** Does one thing to the world of a run. Returns a line about it, or `null` if it is not possible now. */
export type Action = (run: Run) => string | null;
