import { backoffMs } from '@vault-swarm/kernel';
import type { ProductEvent } from '@vault-swarm/provider';
import { type BindingState, isOutdated, targetsDesired } from '../bindings/binding-state.ts';
import { changedValues, isOfRollout, type OpenRollout } from '../ledger/ledger.ts';
import type { FailedTask } from '../ports/orchestrator.ts';
import { blockerOf } from './blockers.ts';
import { blocked, type Decision, noChange, rollTo, wait } from './decision.ts';
import { causeOf } from './rollout-cause.ts';
import { isFullyRunning, type ServiceState, secretNames } from './service-state.ts';

/** Why a rollout failed, for its event. */
export interface Failure {
  readonly reason: Extract<ProductEvent, { type: 'rollout.failed' }>['reason'];
  readonly message: string;
}

const RETRY_FIRST_MS = 5_000;
const RETRY_MAX_MS = 600_000;

/** A further attempt of a rollout is made once its tasks have run for this long, in milliseconds. */
const RUNNING_FOR_MS = 10_000;
/** After this time a paused update counts as blocked: a person must act. In milliseconds. */
const NEEDS_HELP_AFTER_MS = 60_000;

/**
 * Repeats the update, which resumes one that the orchestrator paused. That may also be an update of the user. Each
 * resume lets the orchestrator stop further tasks, so all desired tasks must run first.
 *
 * @param events of the failure, if they were not emitted yet.
 */
export function resume(serviceState: ServiceState, open: OpenRollout, events: Decision['events'] = []): Decision {
  const { service, nowMs } = serviceState;
  const blocker = blockerOf(serviceState) ?? unlessSafeToResume(serviceState, open);
  if (blocker !== null) return { ...blocker, entry: { ...blocker.entry, rollout: open }, events };
  const generation = Math.max(open.generation, service.generation);
  const rollout = { ...open, failure: '', generation, attempt: open.attempt + 1, startedAtMs: nowMs };
  return { ...noChange(serviceState, rollout), events, roll: rollTo(serviceState, generation) };
}

/** Whether all desired tasks have run long enough that an attempt may stop further tasks. */
export function runForLong({ service, stableForMs }: ServiceState): boolean {
  return isFullyRunning(service) && stableForMs >= RUNNING_FOR_MS;
}

function unlessSafeToResume(serviceState: ServiceState, open: OpenRollout): Decision | null {
  const { openForMs } = serviceState;
  if (runForLong(serviceState) && isCauseGone(serviceState, open)) return null;
  const decide = openForMs < NEEDS_HELP_AFTER_MS ? wait : blocked;
  return decide(serviceState, 'UPDATE_PAUSED_TASKS_DOWN');
}

/**
 * Whether the cause of the halt is gone. A running task of the rollout proves it. There is none if new tasks must start
 * before old ones are stopped. Then every cause must be one that ends by itself: a secret that was not delivered and
 * can be now, or a node that was lost.
 */
function isCauseGone({ service, entry, failures }: ServiceState, open: OpenRollout): boolean {
  const isOurs = (task: { readonly generation: number }) => isOfRollout({ ...entry, rollout: open }, task.generation);
  if (service.tasks.some((task) => task.state === 'running' && isOurs(task))) return true;
  const causes = (failures ?? []).filter(isOurs);
  // A global service has no desired number of tasks. If no task of the rollout is left, the failed ones are not restarted.
  const mayBeMissing = service.desiredTasks === null;
  const endsByItself = (cause: FailedTask) => !cause.nodeReady || (cause.undelivered && !mayBeMissing);
  return causes.length > 0 && causes.every(endsByItself);
}

/**
 * Whether the next attempt may start: the backoff doubles after each. Before a credential of the tasks ends, there is
 * time for a few attempts.
 */
export function mayRetry(
  { openForMs, nowMs, leaseEndMs = Number.POSITIVE_INFINITY }: ServiceState,
  { attempt }: OpenRollout,
): boolean {
  const mostMs = Math.max(RETRY_FIRST_MS, Math.min(RETRY_MAX_MS, (leaseEndMs - nowMs) / 8));
  return openForMs >= backoffMs(RETRY_FIRST_MS, mostMs, attempt);
}

/** Marks the rollout as failed and counts it as an error. The service is not changed. */
export function markFailed(serviceState: ServiceState, open: OpenRollout, failure: Failure): Decision {
  const rollout: OpenRollout = { ...open, state: 'failed', failure: failure.message };
  const state = withoutRequests(serviceState, open, isOutdated);
  return { ...noChange(state, rollout), events: [failed(serviceState, open, failure)] };
}

/** Completes the rollout: every task has its target. If the service uses none of its secrets any more, nothing was rotated. */
export function complete(serviceState: ServiceState, open: OpenRollout): Decision {
  const { service, nowMs } = serviceState;
  const secrets = secretNames(serviceState, changedValues(open));
  if (secrets.length === 0) return noChange(serviceState, null);
  const common = {
    service: service.name,
    secrets,
    generation: open.generation,
    cause: causeOf(serviceState, open),
    durationMs: Math.max(0, nowMs - (open.direction === 'forward' ? open.changedAtMs : open.startedAtMs)),
  };
  const type = open.direction === 'forward' ? 'rollout.completed' : 'rollback.completed';
  // If the newest value is not known, a request may be about it.
  const state = withoutRequests(serviceState, open, (rollout, known) => !targetsDesired(rollout, known));
  return { ...noChange(state, null), events: [{ type, ...common }] };
}

/**
 * The state without the requests that the rollout has carried out. A request that was made while it was open is about the
 * newer value, if there is one.
 *
 * @param hasNewer whether there is a newer value of a secret than the rollout's.
 */
export function withoutRequests(
  serviceState: ServiceState,
  open: OpenRollout,
  hasNewer: (open: OpenRollout, known: BindingState) => boolean,
): ServiceState {
  const { entry, bindings } = serviceState;
  const changing = changedValues(open);
  const newer = new Set(bindings.filter((known) => hasNewer(open, known)).map(({ binding }) => binding.key));
  const requested = entry.requested.filter((key, index) => {
    if (!(key in changing)) return true;
    const isFromBefore = open.triggers?.[key]?.by === 'operator' && entry.requested.indexOf(key) === index;
    return newer.has(key) && !isFromBefore;
  });
  return { ...serviceState, entry: { ...entry, requested } };
}

/** The event of a rollout that failed. */
export function failed(serviceState: ServiceState, open: OpenRollout, failure: Failure): ProductEvent {
  const secrets = secretNames(serviceState, changedValues(open));
  const cause = causeOf(serviceState, open);
  return { type: 'rollout.failed', service: serviceState.service.name, secrets, cause, ...failure };
}
