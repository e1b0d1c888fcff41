import type { RotationStatus } from '@vault-swarm/rotation';
import type { Lease, Secret, Service } from './api/index.ts';
import { leaseDocument, observationDocument, secretDocument, serviceDocument } from './serializers.ts';
import { type EntryKind, StatusList } from './status-list.ts';

const secretKind: EntryKind<Secret> = {
  name: ({ name }) => name,
  texts: ({ name, provider, ref, services, problem }) => [
    name,
    provider,
    ref,
    ...services,
    problem?.code,
    problem?.message,
  ],
  isIn: (secret) => hasSecretProblem(secret),
};

const serviceKind: EntryKind<Service> = {
  name: ({ name }) => name,
  texts: ({ name, secrets, state, waiting_reason: waiting, problem }) => {
    const texts = [waiting?.code, waiting?.message, problem?.code, problem?.message];
    return [name, ...secrets, state.code, state.title, state.message, ...texts];
  },
  isIn: (service, state) => (state === 'rolling' ? isRolling(service) : hasServiceProblem(service)),
};

const GENERATION_DIGITS = 16;

const leaseKind: EntryKind<Lease> = {
  // By service, then the oldest generation first.
  name: ({ service, generation, id }) => `${service} ${String(generation).padStart(GENERATION_DIGITS, '0')} ${id}`,
  texts: ({ service, provider, ref, secrets, state, problem }) => {
    return [service, provider, ref, ...secrets, state, problem?.message];
  },
  isIn: (lease) => hasLeaseProblem(lease),
};

/** The lists at one moment, and their sums. */
export interface Lists {
  readonly observation: ReturnType<typeof observationDocument>;
  readonly secrets: StatusList<Secret>;
  readonly services: StatusList<Service>;
  readonly leases: StatusList<Lease>;
  /** How many credentials that end there may be. */
  readonly maxLeases: number;
  readonly counts: Counts;
  /** Services with a rollout in progress. */
  readonly inProgress: number;
  readonly lastRotationAt: string | null;
}

/** How many entries there are, and how many of them have problems. */
interface Counts {
  readonly secrets: number;
  readonly secrets_with_problems: number;
  readonly services: number;
  readonly services_with_problems: number;
  readonly tasks: number;
  readonly outdated_tasks: number;
}

/** Caches the lists while the status object is identical, so that many clients cost little more than one. */
export class StatusLists {
  readonly #status: () => RotationStatus;
  #made: { readonly status: RotationStatus; readonly lists: Lists } | null = null;

  constructor(status: () => RotationStatus) {
    this.#status = status;
  }

  /** The current lists. */
  now(): Lists {
    const status = this.#status();
    if (this.#made?.status !== status) this.#made = { status, lists: listsOf(status) };
    return this.#made.lists;
  }
}

function listsOf(status: RotationStatus): Lists {
  const observation = observationDocument(status);
  const head = JSON.stringify([observation.role, observation.rotation_enabled]);
  const secrets = new StatusList(status.secrets.map(secretDocument), secretKind, head);
  const services = new StatusList(status.services.map(serviceDocument), serviceKind, head);
  const { sets, maxSets, endingTooSoon } = status.leases;
  const leases = new StatusList(
    sets.map((lease) => leaseDocument(lease, endingTooSoon)),
    leaseKind,
    JSON.stringify([head, maxSets]),
  );
  const sum = (number: (service: Service) => number) =>
    services.entries.reduce((total, service) => total + number(service), 0);
  const counts = {
    secrets: secrets.entries.length,
    secrets_with_problems: secrets.entries.filter(hasSecretProblem).length,
    services: services.entries.length,
    services_with_problems: services.entries.filter(hasServiceProblem).length,
    tasks: sum(({ running_tasks }) => running_tasks),
    outdated_tasks: sum(({ outdated_tasks }) => outdated_tasks),
  };
  return {
    observation,
    secrets,
    services,
    leases,
    maxLeases: maxSets,
    counts,
    inProgress: services.entries.filter(isRolling).length,
    lastRotationAt: services.entries.map(({ last_rotation_at }) => last_rotation_at).reduce(later, null),
  };
}

function hasSecretProblem({ problem }: Secret): boolean {
  return problem !== null;
}

function hasLeaseProblem({ state, problem, ends_too_soon }: Lease): boolean {
  return problem !== null || ends_too_soon || state === 'ended' || state === 'unknown';
}

function hasServiceProblem({ state: { severity } }: Service): boolean {
  return severity === 'critical' || severity === 'warning';
}

function isRolling({ rollout }: Service): boolean {
  return rollout !== null && rollout.state !== 'failed';
}

function later(a: string | null, b: string | null): string | null {
  return a === null || (b !== null && b > a) ? b : a;
}
