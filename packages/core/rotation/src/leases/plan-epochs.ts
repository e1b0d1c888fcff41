import { type LedgerService, quarantineOf, type Values } from '../ledger/ledger.ts';
import { untagRevision } from '../ledger/secret-version.ts';
import type { Workload } from '../ports/orchestrator.ts';
import type { LeaseSet } from './lease-document.ts';
import { spreadOf } from './spread.ts';

/** What the desired epoch of one lease key of a service depends on. */
export interface EpochInput {
  readonly nowMs: number;
  readonly service: Workload;
  readonly entry: LedgerService;
  /** The ledger key of one of the secrets of the lease key. */
  readonly key: string;
  /** The epoch in the ledger; 0 if it has none. */
  readonly recorded: number;
  /** The sets of the service and the lease key. */
  readonly sets: readonly LeaseSet[];
  /** Whether tasks of this generation can't start any more, since nobody knows the values of its sets. */
  readonly isLost: (generation: number) => boolean;
  /** How long the service's latest rollout took, in milliseconds; 0 if it is not known. */
  readonly rolloutMs: number;
  /** Whether an operator requested a new credential, and no rollout has brought it yet. */
  readonly isRequested?: boolean;
}

/** The part of its life after which a set that ends is replaced; half of the spread is before it, half after it. */
const ROLL_AT = 2 / 3;
const SPREAD = 0.1;
/** A set is not replaced before this part of its life, however long rollouts take. */
const EARLIEST = 1 / 3;
/** How far the clocks of managers may differ: this time, or this part of the life of a set if that is longer. */
const CLOCK_TOLERANCE_MS = 5_000;
const CLOCK_TOLERANCE = 0.05;
/** The pause after a failed attempt to replace a set. It doubles after each, and is shorter if the set ends soon. */
const RETRY_FIRST_MS = 60_000;
const RETRY_MAX_MS = 3_600_000;

/** The epoch that the tasks of a service must have, and when it grows. */
export interface DesiredEpoch {
  readonly epoch: number;
  /** When the next epoch is due, in milliseconds since 1970; infinite if that is not known yet. */
  readonly growsAtMs: number;
}

/**
 * The epoch that the tasks of a service must have. It grows if their sets end soon, have ended, or can't be delivered to
 * further tasks. A pure function. It never shrinks.
 */
export function desiredEpoch(input: EpochInput): DesiredEpoch {
  const { sets, service, recorded } = input;
  const base = Math.max(1, recorded, ...sets.map(({ epoch }) => epoch));
  const inUse = new Set(service.tasks.flatMap(({ state, generation }) => (state === 'ended' ? [] : [generation])));
  // Tasks of earlier generations are replaced already, if the present one has credentials that do not end soon.
  const isReplaced = sets.some(
    (set) => set.generation === service.generation && dueAtMs(input, set, base) > input.nowMs,
  );
  const times = sets.map((set) => {
    if (!inUse.has(set.generation) || (isReplaced && set.generation < service.generation))
      return Number.POSITIVE_INFINITY;
    return growsAtMs(input, set, base);
  });
  const earliestMs = Math.min(Number.POSITIVE_INFINITY, ...times);
  return earliestMs <= input.nowMs
    ? { epoch: base + 1, growsAtMs: Number.POSITIVE_INFINITY }
    : { epoch: base, growsAtMs: earliestMs };
}

/** When a set that tasks use makes the epoch grow. */
function growsAtMs(input: EpochInput, set: LeaseSet, base: number): number {
  const { rollout } = input.entry;
  // An open rollout brings what was requested.
  const isRequested = input.isRequested === true && (rollout === null || rollout.state === 'failed');
  if (set.epoch === base && (isRequested || input.isLost(set.generation))) return Number.NEGATIVE_INFINITY;
  const attempt = base - set.epoch;
  const dueMs = dueAtMs(input, set, base);
  if (attempt === 0) return dueMs;
  const failedMs = failedAtMs(input, base);
  // The clock of the process that saw the failure was ahead: nobody knows how long ago it was.
  if (Number.isFinite(failedMs) && failedMs - input.nowMs > toleranceMs(set)) return dueMs;
  const pauseMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (attempt - 1));
  const leftMs = (set.endMs ?? Number.POSITIVE_INFINITY) - failedMs;
  return Math.max(dueMs, failedMs + (leftMs > 0 ? Math.min(pauseMs, leftMs / 4) : pauseMs));
}

function dueAtMs({ nowMs, rolloutMs }: EpochInput, set: LeaseSet, base: number): number {
  if (set.endMs === null) return Number.POSITIVE_INFINITY;
  // The clock of the process that issued it was ahead, so it ends sooner than its end says.
  if (set.issuedAtMs - nowMs > toleranceMs(set)) return Number.NEGATIVE_INFINITY;
  return rollAtMs(set, rolloutMs, base - set.epoch);
}

function toleranceMs({ issuedAtMs, endMs }: LeaseSet): number {
  return Math.max(CLOCK_TOLERANCE_MS, ((endMs ?? issuedAtMs) - issuedAtMs) * CLOCK_TOLERANCE);
}

/**
 * When a set must be replaced: at 2/3 ± 5 % of its life, or earlier if a rollout takes long. After a failed attempt,
 * half of the rest passes before the next one. Infinite if its end is not known.
 */
export function rollAtMs({ id, issuedAtMs, endMs }: LeaseSet, rolloutMs: number, attempt: number): number {
  if (endMs === null) return Number.POSITIVE_INFINITY;
  const lifeMs = Math.max(0, endMs - issuedAtMs);
  const usualMs = lifeMs * (ROLL_AT + SPREAD * (spreadOf(id) - 0.5));
  const firstMs = Math.min(usualMs, Math.max(lifeMs * EARLIEST, lifeMs - 2 * rolloutMs));
  return endMs - (lifeMs - firstMs) * 0.5 ** attempt;
}

/** The epoch of the tasks of a generation, as the ledger says. */
export function epochOfGeneration(entry: LedgerService, key: string, generation: number, recorded: number): number {
  const { rollout } = entry;
  if (rollout !== null && rollout.state !== 'failed' && generation >= rollout.generation && key in rollout.target)
    return epochOf(rollout.target[key]);
  return epochOf(quarantineOf(entry, key)?.lastGood[key]) || Math.max(1, recorded);
}

/** The revision of an epoch. */
export function revisionOfEpoch(epoch: number): string {
  return `epoch ${epoch}`;
}

/** The epoch in a tagged revision; 0 if there is none. */
export function epochOf(version: { readonly revision: string } | undefined): number {
  const [, number = '0'] = /^epoch (\d{1,9})$/.exec(version === undefined ? '' : untagRevision(version.revision)) ?? [];
  return Number(number);
}

/** When the tasks of this epoch failed, so that it replaces nothing; infinite if they did not. */
function failedAtMs({ entry, key }: EpochInput, epoch: number): number {
  const { rollout } = entry;
  const isOf = (values: Values) => epochOf(values[key]) === epoch;
  const quarantine = entry.quarantines.find(({ failed }) => isOf(failed));
  if (quarantine !== undefined) return quarantine.sinceMs;
  return rollout?.state === 'failed' && isOf(rollout.target) ? rollout.startedAtMs : Number.POSITIVE_INFINITY;
}
