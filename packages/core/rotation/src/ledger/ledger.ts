import { type SecretVersion, sameValue } from './secret-version.ts';

/** Values by ledger key. */
export type Values = Readonly<Record<string, SecretVersion>>;

/** The current value of a secret in use, and when the leader first saw it (milliseconds since 1970, its own clock). */
export interface LedgerSecret extends SecretVersion {
  readonly digest: string;
  readonly seenAtMs: number;
}

/** Tasks of a service that were created before `untilMs` hold this value, unless something says otherwise. */
export interface PreviousValue extends SecretVersion {
  readonly untilMs: number;
}

/** A rollout that was started and is not closed. It was written down before the service was touched. */
export interface OpenRollout {
  /** `forward` brings the newest values, `rollback` the last good ones after the newest failed. */
  readonly direction: 'forward' | 'rollback';
  /** Tasks of this generation or a later one are given `target`, those of earlier ones `lastGood`. */
  readonly generation: number;
  /** When it was started, in milliseconds since 1970. */
  readonly startedAtMs: number;
  /** When the leader first saw the oldest of the changes that it brings. */
  readonly changedAtMs: number;
  /** How often in a row it was started for the same values. */
  readonly attempt: number;
  /**
   * `stuck`: it takes too long; counted as an error, and watched on. `failed`: its tasks failed, and it is left as it is
   * until a value is newer or somebody asks.
   */
  readonly state: 'open' | 'stuck' | 'failed';
  /** Why it is stuck, failed, or paused and not resumed yet, in the orchestrator's own words; else empty. */
  readonly failure: string;
  /** Of the service when it was rolled: what fails with another one may fail for that reason. */
  readonly fingerprint: string;
  /**
   * What its tasks are given: the values that it brings, and those of the service's other secrets as they were when it
   * was started. A value that comes later is not mixed in, so that it is known with what a task failed.
   */
  readonly target: Values;
  /** What the tasks held before it, as far as that is known. */
  readonly lastGood: Values;
}

/** The values that a rollout brings: those that its tasks did not hold before. */
export function changedValues({ target, lastGood }: Pick<OpenRollout, 'target' | 'lastGood'>): Values {
  const isNew = ([key, value]: [string, SecretVersion]) => {
    const before = lastGood[key];
    return before === undefined || !sameValue(before, value);
  };
  return Object.fromEntries(Object.entries(target).filter(isNew));
}

/**
 * The generation that the open rollout undoes, if it returns the service to an earlier one: then tasks of that earlier
 * generation need no update. `null` if it goes on to a later one.
 */
export function undoneGeneration({ rollout, highestUsedGeneration }: LedgerService): number | null {
  return rollout !== null && highestUsedGeneration > rollout.generation ? highestUsedGeneration : null;
}

/** Whether a task or service of this generation is of the open rollout. */
export function isOfRollout(entry: LedgerService, generation: number): boolean {
  const { rollout } = entry;
  if (rollout === null || generation < rollout.generation) return false;
  return generation < (undoneGeneration(entry) ?? Number.POSITIVE_INFINITY);
}

/**
 * Values that made tasks of a service fail when they came together, or that its user rolled back. The service is given the
 * last good ones instead.
 */
export interface Quarantine {
  readonly failed: Values;
  /** For each key of `failed`. */
  readonly lastGood: Values;
  /** In milliseconds since 1970. */
  readonly sinceMs: number;
  /** The orchestrator's own words. */
  readonly reason: string;
  /** Whether the service's user rolled it back: none of its tasks is known to have failed with these values. */
  readonly isByUser: boolean;
}

/** What is open for a service, and which generations it had. One that was never updated so, with nothing open, has no entry. */
export interface LedgerService {
  readonly rollout: OpenRollout | null;
  /** No key is in two of them. */
  readonly quarantines: readonly Quarantine[];
  /** Ledger keys that somebody asked to be rolled, and that no rollout has taken up yet. */
  readonly requested: readonly string[];
  /**
   * The highest generation that the service was seen with while no rollout was open, so that no number is used again
   * after a rollback; 0 if it never had one. While a rollout is open that returns to an earlier generation, the one that it undoes.
   */
  readonly highestUsedGeneration: number;
  /** By ledger key, oldest first. */
  readonly previousValues: Readonly<Record<string, readonly PreviousValue[]>>;
  /** Tasks that are known to hold something else than the rest of the ledger says: task id → ledger key → value. */
  readonly taskOverrides: Readonly<Record<string, Values>>;
}

/** While there is one, no value is served from the cache, on all managers. */
export interface Lockdown {
  /** When an operator started it, in milliseconds since 1970. */
  readonly sinceMs: number;
}

/** All that outlives the process. No values; digests only keyed. */
export interface LedgerDocument {
  /** Key of the digests where the operator gave none. */
  readonly digestKey: string | null;
  readonly lockdown: Lockdown | null;
  /** By ledger key. */
  readonly secrets: Readonly<Record<string, LedgerSecret>>;
  /** By service id. */
  readonly services: Readonly<Record<string, LedgerService>>;
}

/** Nothing open for the service. */
export const NOTHING_OPEN: LedgerService = {
  rollout: null,
  quarantines: [],
  requested: [],
  highestUsedGeneration: 0,
  previousValues: {},
  taskOverrides: {},
};

/** A first ledger. */
export function emptyLedger(digestKey: string | null): LedgerDocument {
  return { digestKey, lockdown: null, secrets: {}, services: {} };
}

/** Whether the ledger need not have this entry. */
export function isNothingOpen(entry: LedgerService): boolean {
  const { rollout, quarantines, requested, highestUsedGeneration, previousValues, taskOverrides } = entry;
  const lists = [quarantines, requested, Object.keys(previousValues), Object.keys(taskOverrides)];
  return rollout === null && highestUsedGeneration === 0 && lists.every(({ length }) => length === 0);
}

/** The set that a key was quarantined with, if it was. */
export function quarantineOf(entry: LedgerService, key: string): Quarantine | undefined {
  return entry.quarantines.find(({ failed }) => key in failed);
}
