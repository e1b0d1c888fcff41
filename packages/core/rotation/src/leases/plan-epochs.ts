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
/** The pause after a failed attempt to replace a set. It doubles after each. */
const RETRY_FIRST_MS = 60_000;
const RETRY_MAX_MS = 3_600_000;

/**
 * The epoch that the tasks of a service must have. It grows if their sets end soon, have ended, or can't be delivered to
 * further tasks. A pure function. It never shrinks.
 */
export function desiredEpoch(input: EpochInput): number {
  const { sets, service, recorded } = input;
  const base = Math.max(1, recorded, ...sets.map(({ epoch }) => epoch));
  const inUse = new Set(service.tasks.flatMap(({ state, generation }) => (state === 'ended' ? [] : [generation])));
  const { rollout } = input.entry;
  // An open rollout brings what was requested.
  const isRequested = input.isRequested === true && (rollout === null || rollout.state === 'failed');
  const isNeeded = sets.some((set) => {
    if (!inUse.has(set.generation)) return false;
    if (set.epoch === base && isRequested) return true;
    if (set.epoch === base && input.isLost(set.generation)) return true;
    const attempt = base - set.epoch;
    const pauseMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (attempt - 1));
    const isNext = attempt === 0 || input.nowMs - failedAtMs(input, base) >= pauseMs;
    return isNext && input.nowMs >= rollAtMs(set, input.rolloutMs, attempt);
  });
  return isNeeded ? base + 1 : base;
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
