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
/** The exit code, and what Swarm adds to it, such as a failed health check. */
const EXIT = /^task: non-zero exit \((\d+)\)(.*)$/s;
/** Swarm's pause before it restarts a task, if the service sets none. */
const DEFAULT_RESTART_DELAY_MS = 5_000;
/** The error of a task starts with this if the driver did not deliver its secrets. */
const UNDELIVERED = 'starting container failed: unable to get secret from secret store: ';

/** Whether a task failed. A service's task must not end by itself; a job's task must. */
export function isFailure(task: EngineTask): boolean {
  const state = task.Status?.State ?? '';
  return FAILED.has(state) && !(state === 'complete' && task.DesiredState === 'complete');
}

/**
 * @param node the task's node; `undefined` if it is gone or the task never had one.
 * @param isRestart whether it replaced a failed task. Swarm pauses before it starts such a task.
 */
export function toFailedTask(task: EngineTask, node: EngineNode | undefined, isRestart = false): FailedTask {
  const { State = '', Message = '', Err = '', Timestamp } = task.Status ?? {};
  const started = State === 'complete' || (State === 'failed' && Err.startsWith(EXITED));
  const createdAtMs = timeOf(task.CreatedAt) ?? 0;
  const endedAtMs = timeOf(Timestamp) ?? timeOf(task.UpdatedAt) ?? createdAtMs;
  return {
    id: task.ID,
    generation: task.Spec?.ForceUpdate ?? 0,
    fingerprint: fingerprintOf(task.Spec),
    started,
    undelivered: Err.startsWith(UNDELIVERED),
    nodeReady: State !== 'orphaned' && wasInUse(node, task),
    message: displayText(State === 'complete' ? 'exit code 0' : withoutTaskPrefix(Err || Message || State)),
    ranMs: started ? Math.max(0, endedAtMs - createdAtMs - (isRestart ? restartDelayMs(task) : 0)) : null,
    endedAtMs,
  };
}

/** The tasks that replaced a failed task of the same slot or node, made from the same spec. */
export function restartsAmong(failed: readonly EngineTask[]): ReadonlySet<EngineTask> {
  const placeOf = ({ Slot, NodeID, Spec }: EngineTask) => `${Slot ?? NodeID} ${Spec?.ForceUpdate ?? 0}`;
  const inTurn = failed.toSorted((a, b) => (timeOf(a.CreatedAt) ?? 0) - (timeOf(b.CreatedAt) ?? 0));
  const restarts = [...Map.groupBy(inTurn, placeOf).values()].flatMap(([, ...later]) => later);
  return new Set(restarts);
}

function restartDelayMs({ Spec }: EngineTask): number {
  const { Delay } = Spec?.RestartPolicy ?? {};
  return Delay === undefined ? DEFAULT_RESTART_DELAY_MS : Delay / 1e6;
}

/** `exit code 1` instead of `task: non-zero exit (1)`. */
function withoutTaskPrefix(message: string): string {
  const [, code, rest = ''] = EXIT.exec(message) ?? [];
  return code === undefined ? message : `exit code ${code}${rest}`;
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
