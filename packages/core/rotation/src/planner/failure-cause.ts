import { isOfRollout, type OpenRollout } from '../ledger/ledger.ts';
import { isOfRef, sameValue } from '../ledger/secret-version.ts';
import type { FailedTask } from '../ports/orchestrator.ts';
import { describeFailures } from '../tasks/describe-failures.ts';
import { isUndone, type ServiceState } from './service-state.ts';

/**
 * Whether the values of the rollout made the task fail: the task was given them, and nothing else had changed.
 *
 * If this process has no record of the delivery, another process delivered. The task then counts as given the values.
 * It does not count if this process started the rollout: then another manager, whose answer is unknown, delivered.
 */
export function isCausedByValues(
  { given, startedByThisProcess, bindings }: ServiceState,
  { fingerprint, target }: OpenRollout,
  { id, fingerprint: ofTask, started, nodeReady }: FailedTask,
): boolean {
  if (!started || !nodeReady || ofTask !== fingerprint) return false;
  return Object.entries(target).every(([key, value]) => {
    const binding = bindings.find((known) => known.binding.key === key)?.binding;
    // The labels name another ref now. Tasks are given the newest value of that ref.
    if (binding !== undefined && !isOfRef(value, binding.refKey)) return true;
    const answers = given(id, key);
    return answers.length === 0 ? !startedByThisProcess : answers.some((answer) => sameValue(answer, value));
  });
}

/** Whether the delivery log shows that a failed task of the rollout was given all of its target values. */
export function isGivenKnown(serviceState: ServiceState, open: OpenRollout): boolean {
  return (serviceState.failures ?? []).some((task) => {
    const isOurs = isOfRollout(serviceState.entry, task.generation) && isCausedByValues(serviceState, open, task);
    return isOurs && Object.keys(open.target).every((key) => serviceState.given(task.id, key).length > 0);
  });
}

/**
 * Why the tasks of the rollout failed: it says more than the orchestrator's report about the update. Tasks that started
 * come first, since only they speak against the values.
 */
export function taskReason({ entry, failures }: ServiceState): string | null {
  const ofRollout = (failures ?? []).filter(({ generation }) => isOfRollout(entry, generation));
  return describeFailures(ofRollout.filter(({ started }) => started)) ?? describeFailures(ofRollout);
}

/** The orchestrator keeps only the latest tasks: after this many later failures, those of a rollout may be forgotten. */
const FORGETS_AFTER = 3;

/** Whether the user rolled the service back although no task of the rollout failed. */
export function isRolledBackByUser(serviceState: ServiceState, open: OpenRollout): boolean {
  const { service, entry, failures, continuouslyObserved, openForMs } = serviceState;
  // The rollback may have been paused, since one of its own tasks failed.
  const isPausedBack = service.rollout.state === 'rollback-paused' && service.generation < open.generation;
  // The orchestrator forgets failed tasks after a while. Only a process that observed the whole rollout knows there
  // were none.
  if (!(isUndone(serviceState, open) || isPausedBack) || !continuouslyObserved || failures === null) return false;
  // The leader's clock may be ahead of the orchestrator's. So this counts rather too many as later than too few.
  const latestMs = Math.max(
    ...failures.map(({ endedAtMs }) => endedAtMs),
    ...service.tasks.map((task) => task.createdAtMs),
  );
  const later = failures.filter(({ endedAtMs }) => endedAtMs >= Math.min(open.startedAtMs, latestMs - openForMs));
  return later.length < FORGETS_AFTER && !failures.some(({ generation }) => isOfRollout(entry, generation));
}
