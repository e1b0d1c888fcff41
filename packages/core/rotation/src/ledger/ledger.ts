import type { NoticedBy } from '@vault-swarm/provider';
import { type PossibleVersion, type SecretVersion, sameValue } from './secret-version.ts';

/** Values by ledger key. */
export type Values = Readonly<Record<string, SecretVersion>>;

/** How a change was noticed. */
export interface Noticed {
  readonly by: NoticedBy;
  /** The name of the hook, if `by` is `hook`. */
  readonly hook?: string;
}

/** How a change was noticed that a rollout brings, and when, in milliseconds since 1970. */
export interface RolloutTrigger extends Noticed {
  readonly atMs: number;
}

/** The current value of a secret in use, and when the leader first saw it (milliseconds since 1970, its own clock). */
export interface LedgerSecret extends SecretVersion {
  readonly digest: string;
  readonly seenAtMs: number;
  /** How the value was noticed. Kept only while tasks have another value. */
  readonly noticed?: Noticed;
}

/** Tasks of a service that were created before `untilMs` have this value, unless another record says otherwise. */
export type PreviousValue = PossibleVersion & { readonly untilMs: number };

/** A rollout that was started and is not closed. It was written to the ledger before the service was updated. */
export interface OpenRollout {
  /** `forward` brings the newest values; `rollback` brings the last good ones after the newest failed. */
  readonly direction: 'forward' | 'rollback';
  /**
   * Tasks of this generation or a later one are given `target`, unless it is a rollback that failed and what was
   * quarantined is released. Tasks of earlier generations are given `lastGood`.
   */
  readonly generation: number;
  /** When it was started, in milliseconds since 1970. */
  readonly startedAtMs: number;
  /** When the leader first saw the oldest change that it brings. */
  readonly changedAtMs: number;
  /** How many consecutive times it was started for the same values. */
  readonly attempt: number;
  /**
   * `stuck`: it takes too long. It is counted as an error and still watched. `failed`: its tasks failed. Nothing is
   * done until a value is newer or an operator requests it.
   */
  readonly state: 'open' | 'stuck' | 'failed';
  /** Why it is stuck, failed, or paused and not resumed yet, in the orchestrator's own words; else empty. */
  readonly failure: string;
  /** The service's fingerprint at the start of the rollout. If it differs later, that change may be the cause of failures. */
  readonly fingerprint: string;
  /**
   * The values for its tasks: the changed ones, and those of the service's other secrets at its start. Later values are
   * not mixed in, so that it is known which values a failed task had.
   */
  readonly target: Values;
  /** The values that the tasks had before, as far as they are known. */
  readonly lastGood: Values;
  /** How the changes were noticed, by ledger key. */
  readonly triggers?: Readonly<Record<string, RolloutTrigger>>;
}

/** The values that a rollout changes: those that its tasks did not have before. */
export function changedValues({ target, lastGood }: Pick<OpenRollout, 'target' | 'lastGood'>): Values {
  const isNew = ([key, value]: [string, SecretVersion]) => {
    const before = lastGood[key];
    return before === undefined || !sameValue(before, value);
  };
  return Object.fromEntries(Object.entries(target).filter(isNew));
}

/**
 * The generation that the open rollout undoes, if it returns the service to an earlier one. Tasks of that earlier
 * generation need no update. `null` if the rollout moves to a later generation.
 */
export function undoneGeneration({ rollout, highestUsedGeneration }: LedgerService): number | null {
  return rollout !== null && highestUsedGeneration > rollout.generation ? highestUsedGeneration : null;
}

/** Whether a task or service of this generation belongs to the open rollout. */
export function isOfRollout(entry: LedgerService, generation: number): boolean {
  const { rollout } = entry;
  if (rollout === null || generation < rollout.generation) return false;
  return generation < (undoneGeneration(entry) ?? Number.POSITIVE_INFINITY);
}

/**
 * A set of values that made tasks of a service fail together, or that its user rolled back. The service is given the
 * last good values instead.
 */
export interface Quarantine {
  readonly failed: Values;
  /** One for each key of `failed`. */
  readonly lastGood: Values;
  /** In milliseconds since 1970. */
  readonly sinceMs: number;
  /** The reason in the orchestrator's own words. */
  readonly reason: string;
  /** Whether the service's user rolled it back. Then no task is known to have failed with these values. */
  readonly isByUser: boolean;
}

/** The open state of a service, and its generations. A service that was never rolled and has nothing open has no entry. */
export interface LedgerService {
  readonly rollout: OpenRollout | null;
  /** Each key is in at most one of them. */
  readonly quarantines: readonly Quarantine[];
  /**
   * Ledger keys that an operator requested and that no rollout has fulfilled yet. One that was requested again is there
   * again; a rollout that starts leaves it there once.
   */
  readonly requested: readonly string[];
  /**
   * The highest generation that the service had while no rollout was open; 0 if there was none. With it, no number is
   * used again after a rollback. If an open rollout returns to an earlier generation, this is the generation that it
   * undoes.
   */
  readonly highestUsedGeneration: number;
  /** By ledger key, oldest first. */
  readonly previousValues: Readonly<Record<string, readonly PreviousValue[]>>;
  /**
   * Values that made its tasks fail and are not in quarantine any more, by ledger key. A running task may still have
   * one. They are no values to roll back to. Kept until all tasks have run for a while, with them or newer ones.
   */
  readonly failedBefore: Values;
  /** Tasks whose value differs from what the rest of the ledger says: task id → ledger key → value. */
  readonly taskOverrides: Readonly<Record<string, Values>>;
}

/** An active lockdown: no manager serves values from the cache. */
export interface Lockdown {
  /** When an operator started it, in milliseconds since 1970. */
  readonly sinceMs: number;
}

/** A hint that a standby received: a provider's secrets may have changed. */
export interface Hint {
  /** When it was received, by the standby's clock, in milliseconds since 1970. */
  readonly atMs: number;
  /** The name of its hook. */
  readonly hook: string;
}

/** Everything that outlives the process. It contains no values, and only keyed digests. */
export interface LedgerDocument {
  /** The key of the digests, if the operator gave none. */
  readonly digestKey: string | null;
  readonly lockdown: Lockdown | null;
  /** By provider: hints that standbys wrote for the leader. The leader removes them with its next write. */
  readonly hints: Readonly<Record<string, Hint>>;
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
  failedBefore: {},
  taskOverrides: {},
};

/** A first ledger. */
export function emptyLedger(digestKey: string | null): LedgerDocument {
  return { digestKey, lockdown: null, hints: {}, secrets: {}, services: {} };
}

/** Whether the ledger can omit this entry. */
export function isNothingOpen(entry: LedgerService): boolean {
  const { rollout, quarantines, requested, highestUsedGeneration } = entry;
  const records = [entry.previousValues, entry.failedBefore, entry.taskOverrides];
  const lists = [quarantines, requested, ...records.map(Object.keys)];
  return rollout === null && highestUsedGeneration === 0 && lists.every(({ length }) => length === 0);
}

/** The quarantine that contains this key, if there is one. */
export function quarantineOf(entry: LedgerService, key: string): Quarantine | undefined {
  return entry.quarantines.find(({ failed }) => key in failed);
}
