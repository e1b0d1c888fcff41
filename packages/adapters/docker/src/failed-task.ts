import { displayText } from '@vault-swarm/kernel';
import type { FailedTask } from '@vault-swarm/rotation';
import type { EngineNode, EngineTask } from './engine-types.ts';
import { fingerprintOf, timeOf } from './snapshot.ts';

/** States that Swarm's update monitor also counts as failures. Swarm stops tasks with `shutdown`. */
const FAILED = new Set(['failed', 'rejected', 'orphaned', 'complete']);
/**
 * The error of a task whose process ran starts with this. If the container could not be started, Swarm reports that
 * reason.
 */
const EXITED = 'task: non-zero exit';
/** The error of a task starts with this if the driver did not deliver its secrets. */
const UNDELIVERED = 'starting container failed: unable to get secret from secret store: ';

/** Whether a task failed. A service's task must not end by itself; a job's task must. */
export function isFailure(task: EngineTask): boolean {
  const state = task.Status?.State ?? '';
  return FAILED.has(state) && !(state === 'complete' && task.DesiredState === 'complete');
}

/** @param node the task's node; `undefined` if it is gone or the task never had one. */
export function toFailedTask(task: EngineTask, node: EngineNode | undefined): FailedTask {
  const { State = '', Message = '', Err = '' } = task.Status ?? {};
  return {
    id: task.ID,
    generation: task.Spec?.ForceUpdate ?? 0,
    fingerprint: fingerprintOf(task.Spec),
    started: State === 'complete' || (State === 'failed' && Err.startsWith(EXITED)),
    undelivered: Err.startsWith(UNDELIVERED),
    nodeReady: State !== 'orphaned' && wasInUse(node, task),
    message: displayText(Err || Message || State),
  };
}

/**
 * Whether the node's engine kept running while the task ran. Tasks also fail (with exit code 255) if their engine or
 * machine restarts. The node joins again before it reports them, so its object changed in the task's lifetime. Both
 * times are the leader's.
 */
function wasInUse(node: EngineNode | undefined, task: EngineTask): boolean {
  if (node?.Status?.State !== 'ready' || node.Spec?.Availability !== 'active') return false;
  const changed = timeOf(node.UpdatedAt) ?? 0;
  return changed < (timeOf(task.CreatedAt) ?? 0) || changed > (timeOf(task.UpdatedAt) ?? 0);
}
