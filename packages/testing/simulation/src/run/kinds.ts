/** What may happen in a history. Each history has a random part of them, so that deep interleavings of a few occur too. */
export const KINDS = [
  'new value',
  'several values',
  'repeated value',
  'same value',
  'bad value',
  'delete and re-create',
  'provider outage',
  'provider hangs',
  'provider slow',
  'deploy',
  'broken image',
  'force',
  'scale',
  'remove and re-create service',
  'swap secret',
  'change labels',
  'user rollback',
  'node loss',
  'drain',
  'crash',
  'crash at a call',
  'restart',
  'leader change',
  'two leaders',
  'partition',
  'conflict',
  'unknown outcome',
  'failing calls',
  'slow calls',
  'hanging calls',
  'lost hints',
  'ledger lost',
  'clock jump',
  'manually',
  'quiet',
] as const;

/** The same, drawn apart, so that a seed without them gives the history that it gave before there were any. */
export const REPLICA_KINDS = ['replica lags', 'snapshot restored'] as const;

/** What else keeps tasks from starting, or is done to labels and updates: drawn apart for the same reason. */
export const WORLD_KINDS = [
  'invalid labels',
  'rotate changes',
  'relabel service',
  'forget update',
  'tasks do not start',
  'torn snapshot',
] as const;

/** How services are updated: drawn apart for the same reason. */
export const UPDATE_KINDS = ['update settings'] as const;

/** Which tasks that ended Swarm restarts, and services with a task on each node: drawn apart, and rarely, for the same reason. */
export const RESTART_KINDS = ['restart conditions', 'global services', 'tasks end'] as const;

/** How a process shares its time: drawn apart for the same reason. */
export const PROCESS_KINDS = ['sliced passes'] as const;

/** What the provider's probe can do: drawn apart for the same reason. */
export const PROBE_KINDS = ['names revisions'] as const;

/** One of the kinds. */
export type Kind =
  | (typeof KINDS)[number]
  | (typeof REPLICA_KINDS)[number]
  | (typeof WORLD_KINDS)[number]
  | (typeof UPDATE_KINDS)[number]
  | (typeof RESTART_KINDS)[number]
  | (typeof PROCESS_KINDS)[number]
  | (typeof PROBE_KINDS)[number];

/** Without which nothing would ever have to be done. */
export const ALWAYS: readonly Kind[] = ['new value', 'quiet'];
