import type { FailedTask, RolloutReport, Workload, WorkloadTask } from '@vault-swarm/rotation';
import { fingerprintOf, type SimulatedService } from './service.ts';
import { allTasks, NOT_DELIVERED } from './slots.ts';
import { isAlive, type SimulatedTask } from './task.ts';

/** A service as the rotation sees it. */
export function workloadOf(service: SimulatedService): Workload {
  const { id, name, kind, version, spec } = service;
  const { generation, secretIds, replicas } = spec;
  const former = service.status.state === 'completed' ? [] : (service.previous?.secretIds ?? []);
  const common = {
    id,
    name,
    kind,
    version,
    generation,
    secretIds,
    formerSecretIds: former.filter((former) => !secretIds.includes(former)),
    fingerprint: fingerprintOf(spec),
    desiredTasks: service.isGlobal ? null : replicas,
  };
  return { ...common, rollout: rolloutOf(service), tasks: allTasks(service).map(taskOf) };
}

/** The tasks of a service that went wrong, as far as Swarm still knows of them. */
export function failedTasksOf(service: SimulatedService): readonly FailedTask[] {
  return allTasks(service)
    .filter(({ state }) => state === 'failed')
    .map(({ id, generation, fingerprint, started, nodeReady, reason, startedAtMs, endedAtMs, createdAtMs }) => {
      return {
        id,
        generation,
        fingerprint,
        started,
        undelivered: reason === NOT_DELIVERED,
        nodeReady,
        message: reason,
        ranMs: startedAtMs === null || endedAtMs === null ? null : endedAtMs - startedAtMs,
        endedAtMs: endedAtMs ?? createdAtMs,
      };
    });
}

/** A task as the rotation sees it. */
export function taskOf(task: SimulatedTask): WorkloadTask {
  const { id, generation, createdAtMs, state, reason } = task;
  return { id, generation, createdAtMs, reason, state: state === 'starting' || state === 'running' ? state : 'ended' };
}

function rolloutOf(service: SimulatedService): RolloutReport {
  const { spec, previous, status } = service;
  const fingerprint = fingerprintOf(spec);
  const isPaused = status.state === 'paused' || status.state === 'rollback-paused';
  const onlyRestarts = previous !== null && fingerprintOf(previous) === fingerprint;
  return { ...status, resumable: isPaused && (onlyRestarts || runsAsMadeNow(service, fingerprint)) };
}

/** Whether every living task of the service runs, and some of them as it makes them now. */
function runsAsMadeNow(service: SimulatedService, fingerprint: string): boolean {
  const living = allTasks(service).filter(isAlive);
  return living.every(({ state }) => state === 'running') && living.some((task) => task.fingerprint === fingerprint);
}
