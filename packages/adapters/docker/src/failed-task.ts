import { displayText } from '@vault-swarm/kernel';
import type { FailedTask } from '@vault-swarm/rotation';
import type { EngineNode, EngineTask } from './engine-types.ts';
import { fingerprintOf, timeOf } from './snapshot.ts';

/** States that Swarm's update monitor, too, takes for a failure; it stops tasks itself by `shutdown`. */
const FAILED = new Set(['failed', 'rejected', 'orphaned', 'complete']);
/** So an error starts where a process ran; where the container could not be started, Swarm gives the reason for that. */
const EXITED = 'task: non-zero exit';
/** So the error of a task starts whose secrets the driver did not deliver. */
const UNDELIVERED = 'starting container failed: unable to get secret from secret store: ';

/** Whether a task ended because something went wrong. A service's task must not end by itself at all; a job's shall. */
export function isFailure(task: EngineTask): boolean {
  const state = task.Status?.State ?? '';
  return FAILED.has(state) && !(state === 'complete' && task.DesiredState === 'complete');
}

/** @param node the task's own, `undefined` where it is gone or the task never had one. */
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
 * A node's tasks fail also when its engine or machine starts again (with exit code 255, as if they had run). It joins
 * again before it tells of them, so that its object was then changed in the task's lifetime. Both times are the leader's.
 */
function wasInUse(node: EngineNode | undefined, task: EngineTask): boolean {
  if (node?.Status?.State !== 'ready' || node.Spec?.Availability !== 'active') return false;
  const changed = timeOf(node.UpdatedAt) ?? 0;
  return changed < (timeOf(task.CreatedAt) ?? 0) || changed > (timeOf(task.UpdatedAt) ?? 0);
}
