import { displayNames, displayText } from '@vault-swarm/kernel';
import { type OrchestratorWords, revisionName } from '@vault-swarm/provider';
import { isFullyRunning, isScaledToZero } from '../planner/service-state.ts';
import type { Workload } from '../ports/orchestrator.ts';
import { condition, type ServiceCondition } from './service-condition.ts';
import type { SecretTaskRevisions, ServiceStatus } from './status.ts';

/** Everything that the condition of a service depends on. */
export interface ConditionFacts {
  /** See `Orchestrator.words`. */
  readonly words?: OrchestratorWords | undefined;
  readonly service: Workload;
  /** Whether a reconcile pass has compared its tasks with the desired revisions. */
  readonly isPlanned: boolean;
  readonly status: Omit<ServiceStatus, 'state'>;
  /** Why tasks that start now do not get their secrets; `null` if they get them. */
  readonly undeliverable: string | null;
  /** Why its tasks failed lately, in the orchestrator's words; `null` if none did. */
  readonly failure: string | null;
  /** How many tasks failed lately. */
  readonly failures: number;
  /** How many of the running tasks have run for a while. */
  readonly steadyTasks: number;
  /** Names of secrets with a new value that only an operator's request brings. */
  readonly manual: readonly string[];
}

/** Sums up the state of a service in one condition: the most urgent one that holds. */
export function conditionOf(facts: ConditionFacts): ServiceCondition {
  const { service, status, isPlanned } = facts;
  const task = facts.words?.task ?? 'task';
  const { rollout, waitingReason, problem, quarantine } = status;
  if (service.kind === 'job') return condition('job', 'its next run gets the newest values');
  if (isScaledToZero(service)) return condition('stopped', '');
  const isShort = !isFullyRunning(service);
  const cause = causeOf(facts);
  // A task that fails again and again seems to run in between.
  const isFlapping = facts.failures > 1 && facts.steadyTasks === 0;
  if (cause !== null && (status.runningTasks === 0 || isFlapping)) {
    return condition('failing', cause);
  }
  if (rollout?.state === 'stuck') return condition('stuck', problem?.message ?? 'its rollout takes too long');
  if (rollout?.state === 'failed') return condition('rollout-failed', problem?.message ?? 'its rollout failed');
  if (cause !== null && (isShort || facts.failure !== null) && rollout?.state !== 'rolling') {
    return condition('degraded', `${status.runningTasks} of ${desired(service)} ${task}s run: ${cause}`);
  }
  if (rollout?.state === 'rolling') {
    const progress = `${rollout.tasksDone} of ${rollout.tasksTotal} ${task}s done${cause === null ? '' : `; ${cause}`}`;
    return condition(rollout.direction === 'rollback' ? 'rolling-back' : 'rolling', progress);
  }
  if (facts.undeliverable !== null) return condition('at-risk', `no new ${task} can start: ${facts.undeliverable}`);
  if (problem !== null) return condition('blocked', problem.message);
  if (quarantine !== null) return condition('held-back', heldBack(status.taskRevisions, quarantine));
  if (!isPlanned) return condition('unknown', `its ${task}s were not compared with the provider yet`);
  if (isShort) return condition('starting', `${status.runningTasks} of ${desired(service)} ${task}s run`);
  if (waitingReason !== null) return condition('waiting', waitingReason.message);
  if (facts.manual.length > 0) return condition('waiting-manual', `${displayNames(facts.manual)} has a new value`);
  if (status.outdatedTasks > 0)
    return condition('outdated', 'its labels, or the settings of the rotation, say that it is not rolled');
  return condition('current', '');
}

/** Why its tasks do not run: a secret that is not delivered, else what the orchestrator says. */
function causeOf({ service, undeliverable, failure }: ConditionFacts): string | null {
  if (!isFullyRunning(service) && undeliverable !== null) return undeliverable;
  const waiting = service.tasks.find(({ state, reason }) => state === 'starting' && reason !== '')?.reason;
  // A task that waits now says more than earlier ones that failed.
  return waiting === undefined ? failure : displayText(waiting);
}

function desired({ tasks, desiredTasks }: Workload): number {
  return desiredTasks ?? tasks.filter(({ state }) => state !== 'ended').length;
}

/** `revision 2, provider has 3 (quarantined: exit code 1 after 2 s)`. */
function heldBack(
  taskRevisions: readonly SecretTaskRevisions[],
  { secrets, reason }: NonNullable<ServiceStatus['quarantine']>,
): string {
  const parts = taskRevisions
    .filter(({ secret }) => secrets.includes(secret))
    .map(({ secret, providerRevision, heldBackRevision }) => {
      const has = heldBackRevision === null ? '' : `revision ${revisionName(heldBackRevision)}, `;
      const newest = providerRevision === null ? 'a newer one' : revisionName(providerRevision);
      return `${displayText(secret)} ${has}provider has ${newest}`;
    });
  return `${parts.length === 0 ? displayNames(secrets) : parts.join('; ')} (quarantined: ${reason})`;
}
