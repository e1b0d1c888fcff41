import { type EventRecord, eventRecord, type NumberedEvent } from '@vault-swarm/metrics';
import type { PlannedService, RotationStatus, SecretStatus, ServiceStatus } from '@vault-swarm/rotation';
import type { Event, Plan, Secret, Service } from './api/index.ts';

/** What stands at the head of a list: how fresh it is, and what this node is. */
export function observationDocument({ observedAtMs, role, enabled }: RotationStatus) {
  return { observed_at: rfc3339(observedAtMs), role, rotation_enabled: enabled };
}

/** A secret under the API's names. */
export function secretDocument(secret: SecretStatus): Secret {
  return {
    name: secret.name,
    provider: secret.provider,
    ref: secret.ref,
    rotate: secret.rotate,
    pinned: secret.pinned,
    revision: secret.revision,
    changed_at: rfc3339(secret.changedAtMs),
    services: [...secret.services],
    problem: secret.problem,
  };
}

/** A service under the API's names. */
export function serviceDocument(service: ServiceStatus): Service {
  return {
    id: service.id,
    name: service.name,
    secrets: [...service.secrets],
    running_tasks: service.runningTasks,
    outdated_tasks: service.outdatedTasks,
    holdings: service.holdings.map(({ secret, revisions }) => ({ secret, revisions: [...revisions] })),
    rollout: rolloutDocument(service.rollout),
    set_aside: setAsideDocument(service.setAside),
    last_rotation_at: rfc3339(service.lastRotationAtMs),
    waiting_for: service.waitingFor,
    problem: service.problem,
  };
}

/** What would become of services, under the API's names. */
export function planDocument(services: readonly PlannedService[]): Plan {
  return {
    services: services.map(({ name, secrets, outcome, tasks, waitingFor }) => ({
      name,
      secrets: [...secrets],
      outcome,
      tasks,
      waiting_for: waitingFor,
    })),
  };
}

/** An event with its number and all its fields. */
export function eventDocument(event: NumberedEvent): Event {
  const { id, ...timed } = event;
  return { id, ...(eventRecord(timed) satisfies EventRecord) };
}

/** RFC 3339; `null` stays `null`. */
export function rfc3339(atMs: number): string;
export function rfc3339(atMs: number | null): string | null;
export function rfc3339(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}

function rolloutDocument(rollout: ServiceStatus['rollout']): Service['rollout'] {
  if (rollout === null) return null;
  return {
    generation: rollout.generation,
    secrets: [...rollout.secrets],
    started_at: rfc3339(rollout.startedAtMs),
    direction: rollout.direction,
    state: rollout.state,
    tasks_done: rollout.tasksDone,
    tasks_total: rollout.tasksTotal,
  };
}

function setAsideDocument(setAside: ServiceStatus['setAside']): Service['set_aside'] {
  if (setAside === null) return null;
  return { secrets: [...setAside.secrets], since: rfc3339(setAside.sinceMs), reason: setAside.reason };
}
