import {
  type EventRecord,
  eventRecord,
  type RecentEvents,
  type Severity,
  severities,
  severityOf,
} from '@vault-swarm/metrics';
import type { RotationStatus, SecretStatus, ServiceStatus } from '@vault-swarm/rotation';

/** The answer of `/api/v1/secrets`. Times are RFC 3339. */
export function secretsDocument(status: RotationStatus) {
  return { ...header(status), secrets: status.secrets.map(secretDocument) };
}

/** The answer of `/api/v1/services`. Times are RFC 3339. */
export function servicesDocument(status: RotationStatus) {
  return { ...header(status), services: status.services.map(serviceDocument) };
}

/** The answer of `/api/v1/events`: what matters at least as much as `level`, the newest first. */
export function eventsDocument(
  recent: Pick<RecentEvents, 'list'>,
  level: Severity,
): { readonly events: readonly EventRecord[] } {
  const least = severities.indexOf(level);
  return { events: recent.list((type) => severities.indexOf(severityOf(type)) <= least).map(eventRecord) };
}

/** The level that a query asks for, `info` where it asks for none, `null` where there is no such level. */
export function levelOf(given: unknown): Severity | null {
  return given === undefined ? 'info' : (severities.find((severity) => severity === given) ?? null);
}

function header({ observedAtMs, role, enabled }: RotationStatus) {
  return { observed_at: rfc3339(observedAtMs), role, rotation_enabled: enabled };
}

function secretDocument(secret: SecretStatus) {
  return {
    name: secret.name,
    provider: secret.provider,
    ref: secret.ref,
    rotate: secret.rotate,
    pinned: secret.pinned,
    revision: secret.revision,
    changed_at: rfc3339(secret.changedAtMs),
    services: secret.services,
    problem: secret.problem,
  };
}

function serviceDocument(service: ServiceStatus) {
  const { rollout, setAside } = service;
  return {
    id: service.id,
    name: service.name,
    secrets: service.secrets,
    running_tasks: service.runningTasks,
    outdated_tasks: service.outdatedTasks,
    rollout:
      rollout === null
        ? null
        : {
            generation: rollout.generation,
            secrets: rollout.secrets,
            started_at: rfc3339(rollout.startedAtMs),
            direction: rollout.direction,
            state: rollout.state,
          },
    set_aside:
      setAside === null
        ? null
        : { secrets: setAside.secrets, since: rfc3339(setAside.sinceMs), reason: setAside.reason },
    last_rotation_at: rfc3339(service.lastRotationAtMs),
    waiting_for: service.waitingFor,
    problem: service.problem,
  };
}

function rfc3339(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
