import type { ProductEvent } from '@vault-swarm/provider';
import { type HeldValue, sameValue } from './held-value.ts';
import type { LedgerService, OpenRollout } from './ledger.ts';
import { rotatesByItself, type SecretUse } from './uses.ts';
import type { FailedTask, Workload, WorkloadTask } from './workloads.ts';

/** What a rotation may do, and when it gives up. Times in milliseconds. */
export interface RotationPolicy {
  /** Services that roll at the same time. */
  readonly maxParallel: number;
  /** A rollout that takes longer counts as failed, until it ends after all. */
  readonly stuckAfterMs: number;
}

/** A service update that is to be made, after the ledger was written. */
export interface RollAction {
  readonly serviceId: string;
  readonly serviceName: string;
  readonly version: number;
  readonly generation: number;
}

/** A use of a secret whose current value is known. */
export interface KnownUse {
  readonly use: SecretUse;
  readonly current: HeldValue;
  /** When the leader first saw the current value. */
  readonly seenAtMs: number;
  /** Running tasks that hold another value. */
  readonly outdated: readonly WorkloadTask[];
}

/** What happens to a service's rollout in this pass. */
export interface RolloutPlan {
  readonly rollout: OpenRollout | null;
  readonly roll: RollAction | null;
  readonly events: readonly ProductEvent[];
  /** Why a rollout that is due was not begun; `null` where none is due, or one was begun. */
  readonly waitingFor: string | null;
  /** Whether it goes on only after somebody did something. */
  readonly blocked: boolean;
}

const RETRY_FIRST_MS = 5_000;
const RETRY_LONGEST_MS = 600_000;

/**
 * Decides about one service: go on watching its open rollout, close it, give it up, or begin one.
 *
 * @param rejection why the orchestrator refused the open rollout's update for good, if it did.
 * @param mayBegin whether another service may begin to roll in this pass.
 */
export function planRollout(input: {
  readonly nowMs: number;
  readonly service: Workload;
  readonly entry: LedgerService;
  readonly uses: readonly KnownUse[];
  /** Ledger keys that the service uses and whose current value is not known now. */
  readonly unknown: readonly string[];
  readonly policy: RotationPolicy;
  readonly rejection: string | undefined;
  /** The service's failed tasks; `null` where they were not asked for. */
  readonly failures: readonly FailedTask[] | null;
  readonly mayBegin: boolean;
}): RolloutPlan {
  const { service, entry } = input;
  const due =
    service.kind === 'job' ? [] : input.uses.filter((known) => rotatesByItself(known.use) && known.outdated.length > 0);
  const open = entry.rollout;
  if (open === null) return due.length === 0 ? unchanged(null) : begin(input, due, 1);
  if (open.failed) return continueFailed(input, open, due);
  const failure = failureOf(input, open);
  if (failure?.reason === 'paused' || failure?.reason === 'rolled-back') return afterEnd(input, open, due, failure);
  if (failure !== null) return fail(input, open, failure);
  if (!wasApplied(service, open)) {
    if (input.unknown.some((key) => key in open.target)) return waiting(open, 'its provider to answer');
    if (due.length === 0) return unchanged(null);
    return busy(service)
      ? waiting(open, 'its own update to end')
      : { ...unchanged(open), roll: rollAction(service, open.generation) };
  }
  if (busy(service)) return unchanged(open);
  if (input.unknown.some((key) => key in open.target)) return waiting(open, 'its provider to answer');
  if (due.length === 0) return completed(input, open);
  if (
    service.rollout.state !== 'completed' ||
    due.some(({ outdated }) => outdated.some((task) => task.generation < open.generation))
  ) {
    // Swarm forgets an update that was resumed while it still worked on a slot: it has to be asked again.
    const isForgotten = service.rollout.state === 'none' && open.attempt > 1 && input.nowMs >= retryAtMs(open);
    return isForgotten ? resume(input, open) : unchanged(open);
  }
  // Swarm is through, but tasks that it made for this rollout hold something else than was intended.
  const sameTarget = due.every((known) => bringsCurrent(open, known));
  if (sameTarget && input.nowMs < retryAtMs(open))
    return waiting(open, 'a pause after an attempt that did not reach all tasks');
  return begin({ ...input, mayBegin: true }, due, sameTarget ? open.attempt + 1 : 1);
}

type RolloutInput = Parameters<typeof planRollout>[0];

/**
 * The orchestrator paused the rollout, or rolled it back. That speaks against its values only where a task of it had
 * started with them and then failed on a node that is up; else (a delivery that failed, a node that went away) the
 * rollout goes on after a while.
 */
function afterEnd(input: RolloutInput, open: OpenRollout, due: readonly KnownUse[], failure: Failure): RolloutPlan {
  const { service, failures, nowMs } = input;
  if (failures === null) return waiting(open, 'Docker to tell why its tasks failed');
  const speaksAgainst = failures.some(
    ({ generation, started, nodeReady }) => generation === open.generation && started && nodeReady,
  );
  if (speaksAgainst) return fail(input, open, failure);
  if (nowMs < retryAtMs(open)) return waiting(open, 'a while to pass since its tasks could not start');
  const events = [failureEvent(input, open, failure)];
  if (service.rollout.state !== 'paused' && due.length === 0) return { ...unchanged(null), events };
  const again =
    service.rollout.state === 'paused'
      ? resume(input, open)
      : begin({ ...input, mayBegin: true }, due, open.attempt + 1);
  return { ...again, events: [...events, ...again.events] };
}

/** The same spec again, generation included: whoever's it is by now. */
function resume({ service, nowMs }: RolloutInput, open: OpenRollout): RolloutPlan {
  const generation = Math.max(open.generation, service.generation);
  const rollout = { ...open, generation, attempt: open.attempt + 1, begunAtMs: nowMs };
  return { ...unchanged(rollout), roll: rollAction(service, generation) };
}

function fail(input: RolloutInput, open: OpenRollout, failure: Failure): RolloutPlan {
  return { ...unchanged({ ...open, failed: true }), events: [failureEvent(input, open, failure)] };
}

function failureEvent({ service, uses }: RolloutInput, open: OpenRollout, failure: Failure): ProductEvent {
  return { type: 'rollout.failed', service: service.name, secrets: secretNames(uses, open), ...failure };
}

/** A failed set is not tried twice: only a newer value of one of its secrets begins the next rollout. */
function continueFailed(input: RolloutInput, open: OpenRollout, due: readonly KnownUse[]): RolloutPlan {
  const { service } = input;
  if (due.length === 0) {
    if (busy(service)) return unchanged(open);
    return service.rollout.state === 'completed' ? completed(input, open) : unchanged(null);
  }
  return due.every((known) => bringsCurrent(open, known))
    ? waiting(open, 'a newer value, since this one failed')
    : begin(input, due, 1);
}

function begin(input: RolloutInput, due: readonly KnownUse[], attempt: number): RolloutPlan {
  const { service, entry, nowMs } = input;
  const stuckOfOurs = entry.rollout?.failed === true && service.rollout.state === 'rolling';
  if (busy(service) && !stuckOfOurs) return waiting(entry.rollout, 'its own update to end');
  const pausedByUser =
    entry.rollout === null && (service.rollout.state === 'paused' || service.rollout.state === 'rollback-paused');
  if (pausedByUser) return { ...waiting(null, 'its paused update to be resumed or undone'), blocked: true };
  if (!input.mayBegin) return waiting(entry.rollout, 'other services to finish');
  const seen = [
    service.generation,
    entry.rollout?.generation ?? 0,
    ...service.tasks.map(({ generation }) => generation),
  ];
  const generation = Math.max(...seen) + 1;
  const rollout: OpenRollout = {
    generation,
    begunAtMs: nowMs,
    changedAtMs: Math.min(...due.map(({ seenAtMs }) => seenAtMs)),
    attempt,
    failed: false,
    target: Object.fromEntries(
      due.map(({ use, current: { revision, digest } }) => [use.key, { revision, digest }] as const),
    ),
  };
  return {
    rollout,
    roll: rollAction(service, generation),
    events: [{ type: 'rollout.started', service: service.name, secrets: secretNames(input.uses, rollout), generation }],
    waitingFor: null,
    blocked: false,
  };
}

function completed({ service, uses, nowMs }: RolloutInput, open: OpenRollout): RolloutPlan {
  const event: ProductEvent = {
    type: 'rollout.completed',
    service: service.name,
    secrets: secretNames(uses, open),
    generation: open.generation,
    durationMs: Math.max(0, nowMs - open.changedAtMs),
  };
  return { rollout: null, roll: null, events: [event], waitingFor: null, blocked: false };
}

interface Failure {
  readonly reason: Extract<ProductEvent, { type: 'rollout.failed' }>['reason'];
  readonly message: string;
}

function failureOf({ service, policy, nowMs, rejection }: RolloutInput, open: OpenRollout): Failure | null {
  if (rejection !== undefined) return { reason: 'not-begun', message: rejection };
  const { state, message } = service.rollout;
  if (wasApplied(service, open)) {
    if (state === 'paused') return { reason: 'paused', message };
    if (state === 'rolled-back' || state === 'rollback-paused') return { reason: 'rolled-back', message };
  }
  return nowMs - open.begunAtMs > policy.stuckAfterMs
    ? { reason: 'stuck', message: message || 'its tasks do not start' }
    : null;
}

/** Swarm's rollback brings the service's old generation back; one that began after our rollout undid our rollout. */
function wasApplied({ generation, rollout: { state, startedAtMs } }: Workload, open: OpenRollout): boolean {
  if (generation >= open.generation) return true;
  const rolledBack = state === 'rolling-back' || state === 'rolled-back' || state === 'rollback-paused';
  return rolledBack && startedAtMs !== null && startedAtMs >= open.begunAtMs;
}

/** After each attempt twice as long as after the one before. */
function retryAtMs({ begunAtMs, attempt }: OpenRollout): number {
  return begunAtMs + Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** attempt);
}

function busy({ rollout: { state } }: Workload): boolean {
  return state === 'rolling' || state === 'rolling-back';
}

function bringsCurrent(open: OpenRollout, known: KnownUse): boolean {
  const target = open.target[known.use.key];
  return target !== undefined && sameValue(target, known.current);
}

function secretNames(uses: readonly KnownUse[], { target }: OpenRollout): readonly string[] {
  return uses.filter(({ use }) => use.key in target).map(({ use }) => use.secret.name);
}

function rollAction(service: Workload, generation: number): RollAction {
  return { serviceId: service.id, serviceName: service.name, version: service.version, generation };
}

function unchanged(rollout: OpenRollout | null): RolloutPlan {
  return { rollout, roll: null, events: [], waitingFor: null, blocked: false };
}

function waiting(rollout: OpenRollout | null, waitingFor: string): RolloutPlan {
  return { rollout, roll: null, events: [], waitingFor, blocked: false };
}
