import { isOutdated, pendingTasks, targetsDesired } from '../bindings/binding-state.ts';
import { isOfRollout, type OpenRollout } from '../ledger/ledger.ts';
import { afterFailure, blocked, type Decision, noChange, wait } from './decision.ts';
import { isCausedByValues, isRolledBackByUser, taskReason } from './failure-cause.ts';
import { rollBackValues } from './rollback.ts';
import { complete, type Failure, failed, mayRetry, resume, runForLong } from './rollout-steps.ts';
import { dueBindings, isFullyRunning, isScaledToZero, type ServiceState } from './service-state.ts';
import { startRollout } from './start-rollout.ts';

/**
 * The orchestrator paused the rollout or rolled it back. The values are blamed only if a task started with them and
 * then failed. Its node must be up, and the service must be unchanged. Otherwise (a failed delivery, a lost node) the
 * rollout is retried later.
 */
export function planHalted(serviceState: ServiceState, open: OpenRollout): Decision {
  const { service, failures, bindings } = serviceState;
  const { state, message } = service.rollout;
  const isEarlier = service.generation < open.generation;
  // The orchestrator rolled back a later update of the user. The service is again as our rollout had made it.
  const isOfLater =
    state !== 'paused' && !isEarlier && bindings.every((known) => pendingTasks(open, known).length === 0);
  if (isOfLater && isFullyRunning(service)) {
    return isScaledToZero(service) ? noChange(serviceState, null) : complete(serviceState, open);
  }
  if (failures === null) return wait(serviceState, 'FAILURE_UNKNOWN');
  const failure: Failure = {
    reason: state === 'paused' ? 'paused' : 'rolled-back',
    message: isRolledBackByUser(serviceState, open) ? 'its user rolled it back' : (taskReason(serviceState) ?? message),
  };
  if (service.fingerprint !== open.fingerprint) return planChangedByUser(serviceState, open, failure);
  // Includes the tasks of a user's later `--force`: they were given the same values.
  const ofRollout = failures.filter(({ generation }) => isOfRollout(serviceState.entry, generation));
  if (isRolledBackByUser(serviceState, open) || ofRollout.some((task) => isCausedByValues(serviceState, open, task))) {
    return rollBackValues(serviceState, open, failure);
  }
  if (isOfLater) return noChange(serviceState);
  return tryAgain(serviceState, open, failure);
}

/**
 * Plans a halted rollout of a service that the user has changed since. The change itself may cause the failures, so
 * they are never blamed on the values. If any secret of the service has a newer value, the rollout ends: tasks that
 * restart get that value, and show whether the old value was the cause.
 */
function planChangedByUser(serviceState: ServiceState, open: OpenRollout, failure: Failure): Decision {
  const { service, failures, bindings } = serviceState;
  if (bindings.some((known) => isOutdated(open, known))) {
    return { ...noChange(serviceState, null), events: [failed(serviceState, open, failure)] };
  }
  const isTheirs = (failures ?? []).some(({ fingerprint, started }) => started && fingerprint === service.fingerprint);
  return isTheirs ? blocked(serviceState, 'UPDATE_PAUSED') : tryAgain(serviceState, open, failure);
}

function tryAgain(serviceState: ServiceState, open: OpenRollout, failure: Failure): Decision {
  const { service } = serviceState;
  const events = [failed(serviceState, open, failure)];
  const isNewerDue = dueBindings(serviceState).some((known) => !targetsDesired(open, known));
  // The last good values fail too. Without the rollout, tasks that start again are given the newer ones.
  if (isNewerDue && failsWithLastGood(serviceState, open)) return { ...noChange(serviceState, null), events };
  if (!mayRetry(serviceState, open)) return wait(serviceState, 'BACKOFF_START_FAILED');
  // A paused update is not resumed if a user has undone it since: its generation was used.
  const isPresent = service.generation >= open.generation;
  if (service.rollout.state === 'paused' && isPresent) {
    // The failure is written once, and not again for each task that fails meanwhile.
    return open.failure === ''
      ? resume(serviceState, { ...open, failure: failure.message }, events)
      : resume(serviceState, open);
  }
  if (dueBindings(serviceState).length === 0) return { ...noChange(serviceState, null), events };
  // Each attempt lets the orchestrator stop further tasks.
  // A newer value ends failures that a repetition would not end, so it needs no proof that the tasks run.
  if (isNewerDue ? !isFullyRunning(service) : !runForLong(serviceState)) return wait(serviceState, 'TASKS_DOWN');
  return afterFailure(events, open, startRollout(serviceState, { continues: true, attempt: open.attempt + 1 }));
}

/** Whether the rollout was undone, and tasks that have started since fail again. */
function failsWithLastGood({ service, failures }: ServiceState, open: OpenRollout): boolean {
  if (service.generation >= open.generation || isFullyRunning(service)) return false;
  return (failures ?? []).some(({ generation, started, nodeReady, endedAtMs }) => {
    return generation < open.generation && started && nodeReady && endedAtMs >= open.startedAtMs;
  });
}
