import { displayMessage, displayText } from '@vault-swarm/kernel';
import type { EventCatalog, EventRecord, NumberedEvent } from '@vault-swarm/metrics';
import type { CheckedSecret, RolloutCause } from '@vault-swarm/provider';
import { revisionName } from '@vault-swarm/provider';
import type {
  LeaseStatus,
  Lockdown,
  PlannedService,
  RequestedService,
  RotationStatus,
  SecretStatus,
  SecretTaskRevisions,
  ServiceStatus,
} from '@vault-swarm/rotation';
import type { Cause, CheckResult, Event, Lease, LockdownState, Rotate, Secret, Service } from './api/index.ts';
import { fitting } from './page-size.ts';

/** The most names in one field; one more entry then says how many are missing. */
const MAX_NAMES = 500;
/** For how many secrets a service lists the revisions of its tasks, */
const MAX_TASK_REVISIONS = 200;
/** and how many revisions of each, most tasks first. */
const MAX_REVISIONS = 8;

/** The first fields of a list: its age, and this node's role. */
export function observationDocument({ observedAtMs, role, enabled }: RotationStatus) {
  return { observed_at: rfc3339(observedAtMs), role, rotation_enabled: enabled };
}

/** A secret in the API's format. */
export function secretDocument(secret: SecretStatus): Secret {
  return {
    name: displayText(secret.name),
    provider: textOf(secret.provider),
    ref: messageOf(secret.ref),
    rotate: secret.rotate,
    pinned: secret.pinned,
    revision: textOf(secret.revision),
    revision_name: nameOf(secret.revision),
    changed_at: rfc3339(secret.changedAtMs),
    services: namesOf(secret.services),
    problem: reasonOf(secret.problem),
  };
}

/** A service in the API's format. */
export function serviceDocument(service: ServiceStatus): Service {
  return {
    id: displayText(service.id),
    name: displayText(service.name),
    secrets: namesOf(service.secrets),
    state: { ...service.state, message: displayMessage(service.state.message) },
    running_tasks: service.runningTasks,
    desired_tasks: service.desiredTasks,
    outdated_tasks: service.outdatedTasks,
    task_revisions: service.taskRevisions.slice(0, MAX_TASK_REVISIONS).map(taskRevisionsDocument),
    rollout: rolloutDocument(service.rollout),
    quarantined: quarantineDocument(service.quarantine),
    last_rotation_at: rfc3339(service.lastRotationAtMs),
    waiting_reason: reasonOf(service.waitingReason),
    problem: reasonOf(service.problem),
  };
}

/** A credential that ends in the API's format. @param endingTooSoon the ids of those for which a rollout may come too late. */
export function leaseDocument(lease: LeaseStatus, endingTooSoon: ReadonlySet<string>): Lease {
  const { problem } = lease;
  return {
    id: displayText(lease.id),
    service: displayText(lease.service),
    generation: lease.generation,
    provider: displayText(lease.provider),
    ref: messageOf(lease.ref),
    secrets: namesOf(lease.secrets),
    tasks: lease.tasks,
    state: lease.state,
    holder: lease.holder,
    renewable: lease.renewable,
    issued_at: rfc3339(lease.issuedAtMs),
    renewed_at: rfc3339(lease.renewedAtMs),
    expires_at: rfc3339(lease.expiresAtMs),
    ends_at: rfc3339(lease.endsAtMs),
    rolls_at: rfc3339(lease.rollsAtMs),
    ends_too_soon: endingTooSoon.has(lease.id),
    problem: problem === null ? null : { operation: problem.operation, message: displayMessage(problem.message) },
  };
}

/** The response of `/api/v1/plan` as JSON, with as many services as fit. */
export function planText(services: readonly PlannedService[]): string {
  return servicesText(services, (service) => ({
    ...requestedDocument(service),
    tasks: service.tasks,
    waiting_reason: reasonOf(service.waitingReason),
  }));
}

/** The response of `/api/v1/rotate` as JSON, with as many services as fit. */
export function rotateText(services: readonly RequestedService[]): string {
  return servicesText(services, requestedDocument);
}

function requestedDocument(service: RequestedService): Rotate['services'][number] {
  const { name, secrets, outcome, failedBefore: failed } = service;
  return {
    name: displayText(name),
    secrets: namesOf(secrets),
    outcome,
    ...(failed !== undefined && {
      failed_before: {
        secrets: namesOf(failed.secrets),
        service: displayText(failed.service),
        since: rfc3339(failed.sinceMs),
        reason: displayMessage(failed.reason),
      },
    }),
  };
}

function servicesText<T>(services: readonly T[], documentOf: (service: T) => object): string {
  const shown = fitting(services.map((service) => JSON.stringify(documentOf(service))));
  const omitted = services.length - shown.length;
  return `{"services":[${shown.join(',')}]${omitted === 0 ? '' : `,"omitted":${omitted}`}}`;
}

/** An event with its number and all its fields. */
export function eventDocument(event: NumberedEvent, catalog: Pick<EventCatalog, 'record'>): Event {
  const { id, ...timed } = event;
  return { id, ...(catalog.record(timed) satisfies EventRecord) };
}

/** The result of a check in the API's format. */
export function checkDocument(checked: CheckedSecret): CheckResult {
  const { ref, provider, rotate, encoding, isPinned, problem, reportedDenial, source, revision, fields } = checked;
  return {
    ref: messageOf(ref),
    provider: textOf(provider),
    rotate,
    encoding,
    pinned: isPinned,
    problem: reasonOf(problem),
    reported_denial: messageOf(reportedDenial),
    source,
    revision: textOf(revision),
    revision_name: nameOf(revision),
    fields: fields === null ? null : namesOf(fields),
  };
}

/** A lockdown in the API's format; `null` if none is active. */
export function lockdownDocument(lockdown: Lockdown | null): LockdownState {
  return { active: lockdown !== null, since: rfc3339(lockdown?.sinceMs ?? null) };
}

/** RFC 3339; `null` stays `null`. */
export function rfc3339(atMs: number): string;
export function rfc3339(atMs: number | null): string | null;
export function rfc3339(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}

function taskRevisionsDocument({
  secret,
  providerRevision,
  revisions,
}: SecretTaskRevisions): Service['task_revisions'][number] {
  return {
    secret: displayText(secret),
    provider_revision: textOf(providerRevision),
    revisions: revisions
      .slice(0, MAX_REVISIONS)
      .map(({ revision, tasks, state }) => ({ revision: textOf(revision), name: nameOf(revision), tasks, state })),
  };
}

function namesOf(names: readonly string[]): string[] {
  const shown = names.slice(0, MAX_NAMES).map(displayText);
  return names.length > MAX_NAMES ? [...shown, `and ${names.length - MAX_NAMES} more`] : shown;
}

function textOf(text: string | null): string | null {
  return text === null ? null : displayText(text);
}

function nameOf(revision: string | null): string | null {
  return revision === null ? null : displayText(revisionName(revision));
}

function reasonOf<Code extends string>(reason: { readonly code: Code; readonly message: string } | null) {
  return reason === null ? null : { code: reason.code, message: displayMessage(reason.message) };
}

function messageOf(message: string | null): string | null {
  return message === null ? null : displayMessage(message);
}

function rolloutDocument(rollout: ServiceStatus['rollout']): Service['rollout'] {
  if (rollout === null) return null;
  return {
    generation: rollout.generation,
    secrets: namesOf(rollout.secrets),
    cause: rollout.cause.map(causeDocument),
    started_at: rfc3339(rollout.startedAtMs),
    direction: rollout.direction,
    state: rollout.state,
    tasks_done: rollout.tasksDone,
    tasks_total: rollout.tasksTotal,
  };
}

function causeDocument({ secret, from, to, noticedBy, hook, noticedAtMs }: RolloutCause): Cause {
  return {
    secret: displayText(secret),
    from: textOf(from),
    to: displayText(to),
    noticed_by: noticedBy,
    hook: textOf(hook),
    noticed_at: rfc3339(noticedAtMs),
  };
}

function quarantineDocument(quarantined: ServiceStatus['quarantine']): Service['quarantined'] {
  if (quarantined === null) return null;
  return {
    secrets: namesOf(quarantined.secrets),
    since: rfc3339(quarantined.sinceMs),
    reason: displayMessage(quarantined.reason),
  };
}
